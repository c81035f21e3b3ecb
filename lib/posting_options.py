"""The options that every command has that posts the source database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.entities import ENTITIES, Entity
from lib.order_name import OrderName

Rows = Annotated[int | None, typer.Option(min=1, help="Rows of each entity, earlier runs included. Default: all.")]
Order = Annotated[
    OrderName,
    typer.Option(
        help="sequential: every row once, by key; course: the draws of the course's emulator; feed: the table."
    ),
]
Rate = Annotated[float | None, typer.Option(min=0.01, help="Most records a second in all. Default: no cap.")]
Entities = Annotated[str, typer.Option(help="Which entities, joined by commas.")]
Restart = Annotated[bool, typer.Option("--restart", help="Forget what was acknowledged, post everything again.")]
ReplayFile = Annotated[Path | None, typer.Option("--replay", help="Send a dead-letter file again, nothing else.")]
Json = Annotated[Path | None, typer.Option(help="Write the summary to this file as well, as JSON.")]
GiveUpAfter = Annotated[float, typer.Option(min=0, help="Seconds for which a failure is tried again.")]


def chosen_entities(names: str) -> tuple[Entity, ...]:
    """The entities named in `--entities`, in the order of the pipeline; typer.BadParameter for a name that is none."""
    wanted = {name.strip() for name in names.split(",")}
    unknown = wanted - {entity.name for entity in ENTITIES}
    if unknown:
        raise typer.BadParameter(f"--entities knows pin, geo and user, not {', '.join(sorted(unknown))}")
    return tuple(entity for entity in ENTITIES if entity.name in wanted)
