"""MSK and MSK Connect: boto3's `kafka` client describes the sandbox's broker, `kafkaconnect` runs the sink worker.

A custom plugin may be any zip or jar: the connector that the sandbox's worker runs, the S3 sink, is built into it.
"""
