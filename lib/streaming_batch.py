"""The command `streaming-batch`: posts the source database, row by row, to the API in front of Kafka.

Exit codes: 0 everything that was to be posted is acknowledged; 1 an error stopped the run, and the message says what
mends it; 2 a wrong option; 3 finished, but dead letters wait for `--replay`; 130 and 143 stopped by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lib.entities import ENTITIES, Entity
from lib.order_name import OrderName

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)

Rows = Annotated[int | None, typer.Option(min=1, help="Rows of each entity, earlier runs included. Default: all.")]
BatchSize = Annotated[int, typer.Option(min=1, max=10_000, help="Most records a request.")]
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


@app.command()
def post(
    rows: Rows = None,
    batch_size: BatchSize = 500,
    order: Order = OrderName.SEQUENTIAL,
    rate: Rate = None,
    entities: Entities = "pin,geo,user",
    restart: Restart = False,
    replay: ReplayFile = None,
    json: Json = None,
    give_up_after: GiveUpAfter = 60.0,
) -> None:
    """Post the rows of the source database through the API gateway to Kafka, and resume where it was acknowledged.

    Exit codes: 0 all acknowledged; 1 error; 2 wrong option; 3 finished with dead letters; 130, 143 stopped by a signal.
    """
    chosen = _chosen(entities)
    # Imported only now: pydantic and SQLAlchemy take a second that `--help` and a wrong option need not wait for.
    from lib.batch_command import BatchCommand
    from lib.data_processor import PostingPlan
    from lib.retry_policy import RetryPolicy

    command = BatchCommand(RetryPolicy(give_up_after), json)
    if replay is not None:
        raise typer.Exit(command.replay(replay, batch_size))
    raise typer.Exit(command.post(PostingPlan(chosen, order, rows, batch_size, rate, restart)))


def main() -> None:
    """Entry point of the console script."""
    app()


def _chosen(names: str) -> tuple[Entity, ...]:
    """The entities named in `--entities`, in the order of the pipeline."""
    wanted = {name.strip() for name in names.split(",")}
    unknown = wanted - {entity.name for entity in ENTITIES}
    if unknown:
        raise typer.BadParameter(f"--entities knows pin, geo and user, not {', '.join(sorted(unknown))}")
    return tuple(entity for entity in ENTITIES if entity.name in wanted)
