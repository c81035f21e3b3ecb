#!/bin/bash
# Makes an instance of Amazon Linux 2023 the course's Kafka client: Kafka's own tools in /opt/kafka, and the REST proxy
# as the service `rest-proxy` on port 8082. The instance's user data runs it; it may be run again.
#
#   AWS_DEFAULT_REGION=us-east-1 install.sh BOOTSTRAP_PARAMETER LOG_GROUP
#
# Lies in aws/ec2 beside the folder client, as in the artifact bucket. client/kafka.zip holds the jars of Kafka and of
# aws-msk-iam-auth; client/wheels.zip this repository's wheel, and those of rest-proxy.in with all that they need.
# Packages come from Amazon Linux's repositories, which are in S3: no internet is needed.
set -euo pipefail
shopt -s inherit_errexit

here=$(cd "$(dirname "$0")" && pwd)
client=$here/../../client
bootstrap_parameter=$1
log_group=$2

dnf install --assumeyes --quiet java-17-amazon-corretto-headless python3.11 logrotate amazon-cloudwatch-agent

# Kafka's tools
rm -rf /opt/kafka
mkdir -p /opt/kafka/bin /opt/kafka/libs
python3 -m zipfile --extract "$client/kafka.zip" /opt/kafka/libs
install -m 755 "$here/kafka-tool.sh" "$here/bootstrap-servers.sh" /opt/kafka/bin
for tool in kafka-topics kafka-configs kafka-consumer-groups kafka-console-consumer; do
  ln -s kafka-tool.sh "/opt/kafka/bin/$tool.sh"
done

# The REST proxy
rm -rf /opt/rest-proxy
python3.11 -m venv /opt/rest-proxy
python3 -m zipfile --extract "$client/wheels.zip" /opt/rest-proxy/wheels
/opt/rest-proxy/bin/pip install --quiet --no-index --no-deps /opt/rest-proxy/wheels/*.whl
id rest-proxy &> /dev/null || useradd --system --shell /sbin/nologin rest-proxy
install -m 644 "$here/client.properties" "$here/kafka-rest.properties" /opt/rest-proxy
cat > /etc/rest-proxy.env << SETTINGS
AWS_DEFAULT_REGION=$AWS_DEFAULT_REGION
BOOTSTRAP_PARAMETER=$bootstrap_parameter
ADDRESS=$(hostname -I | cut -d ' ' -f 1)
SETTINGS
install -m 644 "$here/rest-proxy.service" /etc/systemd/system
install -m 644 "$here/rest-proxy.logrotate" /etc/logrotate.d/rest-proxy
systemctl daemon-reload
systemctl enable rest-proxy
# It waits until the deployment has told the brokers.
systemctl restart --no-block rest-proxy

# Its log, in CloudWatch
mkdir -p /opt/aws/amazon-cloudwatch-agent/etc
sed "s|LOG_GROUP|$log_group|" "$here/cloudwatch-agent.json" > /opt/aws/amazon-cloudwatch-agent/etc/rest-proxy.json
/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s \
  -c file:/opt/aws/amazon-cloudwatch-agent/etc/rest-proxy.json
