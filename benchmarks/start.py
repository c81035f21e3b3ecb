"""How long `sandbox up` takes where everything is installed, and what the idle sandbox weighs."""

import re
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.bench import Bench
from benchmarks.figures import Figure, at_most

SETTLING_SECONDS = 15
# How `sandbox up` tells that a part answers, where it does not print to a terminal.
PART_READY = re.compile(r"(\S+) +ready +([0-9.]+) s")


def measure(bench: Bench) -> Iterator[Figure]:
    """Warm start, a second `sandbox up`, and resident memory in all and by part."""
    bench.up_with_rows()
    warm, again, parts = zip(*(one_round(bench) for _ in range(bench.sizes.rounds)), strict=True)
    yield Figure("`sandbox up`, installed and with data", median(warm), "s", at_most(40))
    for name in parts[0]:
        yield Figure(f"  {name}, once those it needs are ready", median(seconds[name] for seconds in parts), "s")
    yield Figure("`sandbox up` once more", median(again), "s", at_most(2))
    with bench.step("Waiting for the sandbox to become idle"):
        time.sleep(SETTLING_SECONDS)
    memory = bench.stack.memory()
    yield Figure("idle, resident in all", sum(memory.values()), "MB", at_most(2500))
    for part, megabytes in sorted(memory.items(), key=lambda item: -item[1]):
        yield Figure(f"  {part}", megabytes, "MB")


def one_round(bench: Bench) -> tuple[float, float, dict[str, float]]:
    """Seconds of a start after a stop, of a start of what runs already, and of each part in the first of the two."""
    bench.command("down")
    lines: list[str] = []
    warm = bench.command("up", listen=lines.append)
    ready = (PART_READY.match(line) for line in lines)
    return warm, bench.command("up"), {found[1]: float(found[2]) for found in ready if found}
