"""How much each subject does: as the bars ask for, or little enough to see in minutes that all of it runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """The sizes of one `make bench`.

    Attributes:
        rows: rows of each table that take the whole way.
        rounds: how often a measurement is repeated; its median counts.
        posting_rounds: the same for the postings, which are short.
        course_rows: rows of each table that the course's loop posts in a round.
        small, large: rows of each table laid straight into a landing folder.
        generated: rows of each table that the generator makes.
        kinesis_calls, kinesis_records: written singly, and in batches and read, in a round.
        kinesis_stream: records written into one shard.
        gateway_calls: requests with one record on each connection, in a round.
        gateway_records: records in batches, in a round.
        stream_small, stream_large: records of all three tables in filled streams.
        stream_seconds: how long rows are posted at a steady rate.
    """

    rows: int = 11_154
    rounds: int = 3
    posting_rounds: int = 5
    course_rows: int = 300
    small: int = 100_000
    large: int = 1_000_000
    generated: int = 200_000
    kinesis_calls: int = 1_000
    kinesis_records: int = 50_000
    kinesis_stream: int = 1_000_000
    gateway_calls: int = 1_000
    gateway_records: int = 20_000
    stream_small: int = 100_000
    stream_large: int = 2_000_000
    stream_seconds: int = 600


FULL = Sizes()
QUICK = Sizes(
    rows=1_000,
    rounds=1,
    posting_rounds=1,
    course_rows=20,
    small=2_000,
    large=10_000,
    generated=10_000,
    kinesis_calls=100,
    kinesis_records=10_000,
    kinesis_stream=50_000,
    gateway_calls=100,
    gateway_records=2_000,
    stream_small=3_000,
    stream_large=9_000,
    stream_seconds=20,
)
SEED = 1
