"""The commands `deploy`, `destroy`, `diff` and `cost`."""

import sys
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from deployment import display, templates
from deployment.account import LOG_IN, open_account
from deployment.costs import costs, read_prices
from deployment.environment import environment_file, write_environment
from deployment.errors import DeploymentError
from deployment.leftovers import leftovers
from deployment.parameters import read_parameters
from deployment.parts import Part, chosen
from deployment.project import Project

app = typer.Typer(help="The course on your own AWS account.", no_args_is_help=True, pretty_exceptions_enable=False)
console = display.console()
SIGN_IN_ENDED = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException")
PartName = Annotated[str, typer.Argument(metavar="PART", help="A part's name, or all.")]


@app.command()
def deploy(part: PartName) -> None:
    """Make or update a part's stack, or all of them in order, and write `.env.aws`."""
    parts = chosen(part)
    project = Project(open_account())
    for one in parts:
        deploy_part(project, one)
        write_environment(project)
    if environment_file().exists():
        console.print(f"The settings of what stands: {environment_file().name}", highlight=False)


def deploy_part(project: Project, part: Part) -> None:
    """Make or update one stack, and tell what happens."""
    name = part.stack(project.name)
    with display.progress(console, name) as tell:
        changed = project.deploy(part, tell)
    console.print(f"{name} stands." if changed else f"{name} stands already: nothing to change.", highlight=False)


@app.command()
def destroy(part: PartName, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False) -> None:
    """Remove a part's stack with all its data, or all of them, and look for what is left."""
    parts = chosen(part)
    project = Project(open_account())
    if not yes:
        names = ", ".join(one.name for one in parts)
        typer.confirm(f"Remove from account {project.account.id}, with all data: {names}?", abort=True)
    for one in reversed(parts):
        destroy_part(project, one)
        write_environment(project)
    look_for_leftovers(project, None if part == "all" else part)


def destroy_part(project: Project, part: Part) -> None:
    """Remove one stack, and tell what happens."""
    name = part.stack(project.name)
    with display.progress(console, name) as tell:
        removed = project.destroy(part, tell)
    console.print(f"{name} is removed." if removed else f"There is no {name}.", highlight=False)


def look_for_leftovers(project: Project, part: str | None) -> None:
    """Show what is still there, and end with 1 where something of it costs."""
    left = leftovers(project.account, project.name, part)
    if not left:
        console.print("Nothing is left.")
        return
    console.print(display.leftover_table(left))
    raise typer.Exit(int(any(leftover.cost == "yes" for leftover in left)))


@app.command()
def diff(part: PartName = "all") -> None:
    """Show what deploying would change; change nothing."""
    parts = chosen(part)
    project = Project(open_account())
    for one in parts:
        name, changes = one.stack(project.name), project.changes(one)
        console.print(display.change_table(name, changes) if changes else f"{name}: nothing to change.")


@app.command()
def cost(part: PartName = "all") -> None:
    """Show what the parts cost while they stand, by the hour and on a course day."""
    prices, parameters = read_prices(), read_parameters()
    found = [
        one for each in chosen(part) for one in costs(each.name, templates.render(each.template), parameters, prices)
    ]
    title = f"On-demand prices of {prices.region}, {prices.date}, in US dollars"
    console.print(display.cost_table(found, prices.day, title))


def main() -> None:
    """Run the command; an expected failure is two sentences on standard error, never a stack trace."""
    try:
        app()
    except DeploymentError as error:
        fail(error.fact, error.mend)
    except ClientError as error:
        ended = error.response["Error"]["Code"] in SIGN_IN_ENDED
        fail(f"AWS refuses: {error}", LOG_IN if ended else "Mend what it says, then run the command again.")
    except BotoCoreError as error:
        fail(f"AWS does not answer, or your sign-in has ended: {error}", LOG_IN)


def fail(fact: str, mend: str) -> None:
    """Say what is wrong and what mends it, and end with 1."""
    told = Console(stderr=True)
    told.print(fact, style="red", highlight=False, markup=False, soft_wrap=True)
    told.print(mend, highlight=False, markup=False, soft_wrap=True)
    sys.exit(1)
