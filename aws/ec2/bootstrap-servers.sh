#!/bin/bash
# Waits for the brokers' addresses, which the deployment writes into a parameter of SSM, and puts them for
# BOOTSTRAP_SERVERS into client.properties and kafka-rest.properties, which it leaves in /opt/kafka.
set -euo pipefail

asked() {
  aws ssm get-parameter --name "$BOOTSTRAP_PARAMETER" --query Parameter.Value --output text
}

until servers=$(asked) && [ "$servers" != pending ]; do
  sleep 15
done
for file in client.properties kafka-rest.properties; do
  sed "s/BOOTSTRAP_SERVERS/$servers/" "/opt/rest-proxy/$file" > "/opt/kafka/$file"
done
