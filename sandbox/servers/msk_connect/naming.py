"""Names and metadata of the sink's objects, as Confluent's DefaultPartitioner gives them."""

# The default of Confluent's filename.offset.zero.pad.width.
OFFSET_DIGITS = 10

# What an object says of itself, beside its lines. S3 hands metadata names back in lower case.
LAST_OFFSET = "last-offset"
RECORDS = "records"
TOPIC_ID = "topic-id"


def object_key(topics_dir: str, topic: str, partition: int, first_offset: int) -> str:
    """Name the object whose first line is the record at ``first_offset``."""
    return f"{topics_dir}/{topic}/partition={partition}/{topic}+{partition}+{first_offset:0{OFFSET_DIGITS}d}.json"


def object_metadata(topic_id: str, last_offset: int, records: int) -> dict[str, str]:
    """Say what a restart must know of an object: the topic it came from, its last offset, its number of lines."""
    return {TOPIC_ID: topic_id, LAST_OFFSET: str(last_offset), RECORDS: str(records)}
