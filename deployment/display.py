"""What the commands show: resources while their stack works, and tables."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from deployment.change_sets import Change
from deployment.costs import Cost
from deployment.events import Event, Tell
from deployment.leftovers import Leftover

UNSEEN_WIDTH = 160
COLOURS = {"Add": "green", "Modify": "yellow", "Remove": "red"}


def console() -> Console:
    """Standard output; wide enough for the tables where no terminal says how wide it is."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=UNSEEN_WIDTH)


@contextmanager
def progress(shown: Console, stack: str) -> Iterator[Tell]:
    """Show a stack's resources while it works: a live table on a terminal, one line an event elsewhere."""
    if not shown.is_terminal:
        yield lambda event: shown.print(line(event), highlight=False, markup=False, soft_wrap=True)
        return
    latest: dict[str, Event] = {}
    with Live(resource_table(stack, []), console=shown, refresh_per_second=4) as live:

        def tell(event: Event) -> None:
            latest[event["LogicalResourceId"]] = event
            live.update(resource_table(stack, latest.values()))

        yield tell


def line(event: Event) -> str:
    """An event as one line."""
    reason = event.get("ResourceStatusReason") or ""
    return f"{event['ResourceStatus']:20} {event['LogicalResourceId']:40} {event['ResourceType']:40} {reason}".rstrip()


def resource_table(stack: str, events: Iterable[Event]) -> Table:
    """The resources of a stack, each with its latest state."""
    table = Table("resource", "type", "state", "reason", title=stack)
    for event in events:
        status = event["ResourceStatus"]
        colour = "red" if "FAILED" in status else "green" if status.endswith("_COMPLETE") else "yellow"
        state = f"[{colour}]{status}[/{colour}]"
        reason = escape(event.get("ResourceStatusReason") or "")
        table.add_row(event["LogicalResourceId"], event["ResourceType"], state, reason)
    return table


def change_table(stack: str, changes: Iterable[Change]) -> Table:
    """What deploying would change; `replaced` are resources that lose what they hold."""
    table = Table("action", "resource", "type", "replaced", title=stack)
    for change in changes:
        colour = COLOURS.get(change.action, "default")
        action = f"[{colour}]{change.action}[/{colour}]"
        table.add_row(action, change.resource, change.type, change.replacement)
    return table


def leftover_table(leftovers: Iterable[Leftover]) -> Table:
    """What is still there."""
    table = Table("what", "costs", "name", title="Still there")
    for leftover in leftovers:
        table.add_row(leftover.kind, leftover.cost, escape(leftover.name))
    return table


def cost_table(costs: Iterable[Cost], hours: float, title: str) -> Table:
    """What each part costs by the hour, and in a course day of so many hours."""
    costs = list(costs)
    table = Table("part", "what", title=title)
    for heading in ("number", "USD an hour", f"USD a day of {hours:g} h"):
        table.add_column(heading, justify="right")
    for cost in costs:
        table.add_row(cost.part, cost.what, f"{cost.number:g}", f"{cost.hour:.4f}", f"{cost.hour * hours:.2f}")
    total = sum(cost.hour for cost in costs)
    table.add_section()
    table.add_row("", "in all", "", f"{total:.4f}", f"{total * hours:.2f}")
    return table
