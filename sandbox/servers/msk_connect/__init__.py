"""The sink half of MSK Connect: a worker that lands Kafka topics in S3 exactly once.

It takes the configuration of Confluent's S3 sink connector, one JSON file a connector (see ``definitions``), and runs
as ``python -m sandbox.servers.msk_connect --kafka client.properties --connectors FOLDER``.
"""
