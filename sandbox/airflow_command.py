"""`sandbox airflow up|down|status|open`: Airflow, beside the parts that always run."""

import subprocess
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from sandbox import display
from sandbox.errors import NotRunningError, SandboxError
from sandbox.settings import ROOT, load_settings

airflow = typer.Typer(help="Airflow, as MWAA runs it: real schedulers, the DAGs of dags/.", no_args_is_help=True)
console = display.console()


class InstallFailedError(SandboxError):
    """Airflow's environment could not be made."""


@airflow.command()
def up(
    deferrable: Annotated[
        bool | None,
        typer.Option("--deferrable/--no-deferrable", help="Let the triggerer wait for Databricks; kept until changed."),
    ] = None,
) -> None:
    """Install Airflow where it is missing, start its four processes, and return when the DAGs are read."""
    from sandbox.parts.airflow import configure
    from sandbox.stack import Stack

    stack = Stack(load_settings())
    stack.require_running()
    install()
    if configure(stack.settings, stack.secrets, deferrable):
        stack.stop_extras()
    with display.live_table(console, stack.extras.values()) as on_change:
        stack.start_extras(on_change)
    console.print(display.status_table(stack.status_of(stack.extras)))
    console.print("Airflow is up. Look at it: sandbox airflow open. Run the notebooks: make mwaa")


@airflow.command()
def down() -> None:
    """Stop Airflow; its runs and logs stay, and so does the rest of the sandbox."""
    from sandbox.stack import Stack

    with console.status("Stopping Airflow"):
        Stack(load_settings()).stop_extras()
    console.print("Airflow is down; its runs are kept. Start it again: sandbox airflow up")


@airflow.command()
def status() -> None:
    """Show Airflow's processes: state, address, memory and how long each has run."""
    from sandbox.stack import Stack

    stack = Stack(load_settings())
    console.print(display.status_table(stack.status_of(stack.extras)))
    if not stack.supervisor.alive():
        raise NotRunningError


@airflow.command("open")
def open_page() -> None:
    """Open Airflow's pages in the browser; nobody asks for a password on this machine."""
    from sandbox.parts.airflow import AirflowDagProcessor
    from sandbox.parts.base import listening
    from sandbox.stack import Stack

    part = Stack(load_settings()).part(AirflowDagProcessor)
    if not listening(part.settings.ports["airflow"]):
        raise SandboxError("Airflow is not running.", "Start it: sandbox airflow up")
    address = f"{part.address}/dags/{part.dag_id}"
    console.print(address, highlight=False, soft_wrap=True)
    webbrowser.open(address)


def install() -> None:
    """Make Airflow's environment, where it is missing or its lock file has changed."""
    command: list[str | Path] = [sys.executable, ROOT / "scripts" / "bootstrap.py", "airflow"]
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode != 0:
        raise InstallFailedError(
            "Airflow could not be installed; the lines above say why.", "Go on: sandbox airflow up"
        )
