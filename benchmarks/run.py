"""The whole of `make run` without its downloads, by stage, and how many objects the sink made of it."""

import json
import math
from collections import Counter
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.figures import Figure, at_most
from benchmarks.sizes import SEED

FLUSH_SIZE = 500


def measure(bench: Bench) -> Iterator[Figure]:
    """`sandbox run` on a sandbox without any data, from its first start to the report."""
    bench.command("reset", "--yes")
    seconds = bench.command("run", "--rows", str(bench.sizes.rows), "--seed", str(SEED))
    yield Figure("`sandbox run`, from an empty sandbox", seconds, "s", at_most(180))
    report = json.loads((bench.settings.home / "reports" / "run.json").read_text())
    yield Figure("  first `sandbox up`", seconds - report["seconds"]["total"], "s")
    for stage, spent in report["seconds"].items():
        yield Figure(f"  {stage}", spent, "s")
    yield Figure("resident in all after it", report["rss_mb"]["total"], "MB")
    worst = max(share_of_most_objects(bench, topic) for topic in bench.kafka.topics().values())
    yield Figure("objects a partition to ceil(n/500) + 1, the worst", worst, "x", at_most(1))


def share_of_most_objects(bench: Bench, topic: str) -> float:
    """Objects of a topic's partition to the most there should be; of the partition where that is largest."""
    pages = bench.s3.client().get_paginator("list_objects_v2")
    found = pages.paginate(Bucket=bench.s3.bucket, Prefix=f"topics/{topic}/")
    folders = Counter(item["Key"].rsplit("/", 1)[0] for page in found for item in page.get("Contents", []))
    ends = bench.kafka.end_offsets(topic)
    return max(
        folders[f"topics/{topic}/partition={partition}"] / (math.ceil(records / FLUSH_SIZE) + 1)
        for partition, records in ends.items()
    )
