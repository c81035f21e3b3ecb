"""Kinesis Data Streams over the sandbox's Kafka: a stream is a topic, a shard a partition, a reshard adds partitions.

Definitions of streams and shards lie on disk, records in Kafka and nowhere else. Encryption is recorded and shown, as
`StartStreamEncryption` asks for it, but no record is encrypted.
"""
