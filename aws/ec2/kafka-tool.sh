#!/bin/bash
# Kafka's own tools, under the names that they have in its distribution: links to this file. In /opt/kafka:
#   bin/kafka-topics.sh --bootstrap-server BOOTSTRAP_SERVERS --command-config client.properties --list
set -euo pipefail

case $(basename "$0" .sh) in
  kafka-topics) class=org.apache.kafka.tools.TopicCommand ;;
  kafka-configs) class=kafka.admin.ConfigCommand ;;
  kafka-consumer-groups) class=org.apache.kafka.tools.consumer.group.ConsumerGroupCommand ;;
  kafka-console-consumer) class=org.apache.kafka.tools.consumer.ConsoleConsumer ;;
  *) echo "Call it by a tool's name, such as kafka-topics.sh." >&2 && exit 2 ;;
esac
exec java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '/opt/kafka/libs/*' "$class" "$@"
