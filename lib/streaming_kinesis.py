"""The command `streaming-kinesis`: posts the source database, row by row, to the API in front of Kinesis.

Exit codes: 0 everything that was to be posted is acknowledged; 1 an error stopped the run, and the message says what
mends it; 2 a wrong option; 3 finished, but dead letters wait for `--replay`; 130 and 143 stopped by Ctrl-C or SIGTERM.
"""

from __future__ import annotations

from typing import Annotated

import typer

from lib.order_name import OrderName
from lib.posting_options import Entities, GiveUpAfter, Json, Order, Rate, ReplayFile, Restart, Rows, chosen_entities

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False)

BatchSize = Annotated[int, typer.Option(min=1, max=500, help="Most records a request; Kinesis takes 500.")]
OneRecord = Annotated[
    bool, typer.Option("--one-record", help="A request a row, by PutRecord, as the course's client did.")
]
CreateStreams = Annotated[
    bool, typer.Option("--create-streams", help="Make the streams that are missing, on demand, and wait for them.")
]


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
    one_record: OneRecord = False,
    create_streams: CreateStreams = False,
) -> None:
    """Post the rows of the source database through the API gateway to Kinesis, and resume where it was acknowledged.

    Exit codes: 0 all acknowledged; 1 error; 2 wrong option; 3 finished with dead letters; 130, 143 stopped by a signal.
    """
    chosen = chosen_entities(entities)
    # Imported only now: pydantic and SQLAlchemy take a second that `--help` and a wrong option need not wait for.
    from lib.batch_command import BatchCommand
    from lib.data_processor import PostingPlan
    from lib.kinesis_streams import KinesisStreams
    from lib.retry_policy import RetryPolicy

    destination = KinesisStreams(one_record=one_record, create=create_streams)
    command = BatchCommand(destination, RetryPolicy(give_up_after), json)
    at_once = 1 if one_record else batch_size
    if replay is not None:
        raise typer.Exit(command.replay(replay, at_once))
    raise typer.Exit(command.post(PostingPlan(chosen, order, rows, at_once, rate, restart)))


def main() -> None:
    """Entry point of the console script."""
    app()
