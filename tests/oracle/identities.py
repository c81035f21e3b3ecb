"""The identities of design.md, "What adds up"."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True)
class Counts:
    """Records of one entity at each stage; `clean_quarantine` leaves the conflicts out, they are counted apart."""

    topic: int
    sink_dead_letters: int
    s3_lines: int
    raw: int
    parse_quarantine: int
    clean: int
    duplicates: int
    conflicts: int
    clean_quarantine: int


def identities(counts: Counts, entity: str = "records") -> None:
    """Assert the identities that hold after any fault; the message names every one that does not."""
    c = counts
    landed = c.s3_lines + c.sink_dead_letters
    loaded = c.raw + c.parse_quarantine
    cleaned = c.clean + c.duplicates + c.conflicts + c.clean_quarantine
    broken = [
        _broken(entity, "topic", c.topic, "s3_lines + sink dead letters", landed),
        _broken(entity, "s3_lines", c.s3_lines, "raw + parse quarantine", loaded),
        _broken(entity, "raw", c.raw, "clean + duplicates + conflicts + clean quarantine", cleaned),
    ]
    _none_broken(broken)


def no_fault_identity(counts: Counts, source: int, acknowledged: int, entity: str = "records") -> None:
    """Assert `source = acknowledged = topic = s3_lines = raw`, which holds for a run without any fault."""
    stages = {"acknowledged": acknowledged, "topic": counts.topic, "s3_lines": counts.s3_lines, "raw": counts.raw}
    _none_broken([_broken(entity, "source", source, stage, count) for stage, count in stages.items()])


def key_identity(
    source: AbstractSet[int], clean: AbstractSet[int], quarantine: AbstractSet[int], entity: str = "records"
) -> None:
    """Assert `keys(clean) + keys(quarantine) = keys(source)`, as a union: a conflict's key is in both."""
    lost = sorted(source - clean - quarantine)
    invented = sorted((clean | quarantine) - source)
    assert not lost, f"{entity}: {len(lost)} keys of the source are neither clean nor in quarantine: {lost[:5]}"
    assert not invented, f"{entity}: {len(invented)} keys are not in the source: {invented[:5]}"


def _broken(entity: str, left_name: str, left: int, right_name: str, right: int) -> str | None:
    return None if left == right else f"{entity}: {left_name} is {left}, but {right_name} is {right}"


def _none_broken(messages: list[str | None]) -> None:
    broken = [message for message in messages if message]
    assert not broken, "\n".join(broken)
