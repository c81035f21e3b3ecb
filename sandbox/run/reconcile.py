"""What must add up after every run, and how it is shown."""

from collections.abc import Callable, Mapping

from rich.table import Table

from sandbox.errors import SandboxError

Stages = Mapping[str, Mapping[str, int]]
SHOWN = ("source", "acknowledged", "topic", "s3_lines", "raw", "clean", "quarantine", "duplicates")

# Each identity: how it reads, its left and its right side for one entity.
IDENTITIES: tuple[tuple[str, Callable[[dict[str, int]], bool]], ...] = (
    ("source = acknowledged", lambda n: n["source"] == n["acknowledged"]),
    ("topic >= acknowledged (a retry may post a record twice)", lambda n: n["topic"] >= n["acknowledged"]),
    ("topic = s3_lines + sink dead letters", lambda n: n["topic"] == n["s3_lines"] + n["sink_dead_letters"]),
    ("s3_lines = raw + parse quarantine", lambda n: n["s3_lines"] == n["raw"] + n["parse_quarantine"]),
    (
        "raw = clean + duplicates + clean quarantine",
        lambda n: n["raw"] == n["clean"] + n["duplicates"] + n["clean_quarantine"],
    ),
    ("keys(clean and quarantine) = keys(source)", lambda n: n["keys"] == n["source"]),
)


class ReconciliationError(SandboxError):
    """Rows were lost or doubled on the way."""


def broken_identities(stages: Stages) -> list[str]:
    """The identities that do not hold, each with the entity and its figures."""
    broken = []
    for entity in stages["source"]:
        figures = {stage: counts[entity] for stage, counts in stages.items()}
        broken += [f"{entity}: {text} does not hold: {figures}" for text, holds in IDENTITIES if not holds(figures)]
    return broken


def require_identities(stages: Stages) -> None:
    """Refuse a run that does not add up.

    Raises:
        ReconciliationError: with the first identity that is broken.
    """
    broken = broken_identities(stages)
    if broken:
        raise ReconciliationError(f"The rows do not add up. {broken[0]}.", "Follow the rows: sandbox logs msk-connect")


def reconciliation_table(stages: Stages) -> Table:
    """Rows per entity at each stage."""
    table = Table("rows", title="From the database to the clean tables")
    for stage in SHOWN:
        table.add_column(stage.replace("_", " "), justify="right")
    for entity in stages["source"]:
        table.add_row(entity, *(f"{stages[stage][entity]:,}" for stage in SHOWN))
    objects = sum(stages["s3_objects"].values())
    table.caption = f"Every row is accounted for; {objects} objects in S3"
    return table
