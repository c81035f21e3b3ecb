"""The markers of a solution, and the line that stands in a solution's place."""

import json
import re

from classroom.errors import MarkerError

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
FIRST_LINE = re.compile(r"# Exercise (\d+\.\d+)\b")


def exercise_number(source: str) -> str | None:
    """The number `N.k` of the exercise whose cell this is: its first line says so. None for any other cell."""
    found = FIRST_LINE.match(source.lstrip())
    return found[1] if found else None


def has_markers(source: str) -> bool:
    """Whether a cell holds a solution, or half of one."""
    return any(line.strip() in (BEGIN, END) for line in source.splitlines())


def without_solutions(source: str, stub: str) -> str:
    """A cell's source with one line `stub` in place of each solution, at the solution's indentation.

    Raises:
        MarkerError: a marker lacks its partner.
    """
    kept: list[str] = []
    inside = False
    for line in source.splitlines():
        text = line.strip()
        if text in (BEGIN, END) and inside == (text == BEGIN):
            raise MarkerError(
                f"{text!r} stands where a solution has {'begun' if inside else 'not begun'}.",
                f"Pair {BEGIN!r} and {END!r}, each on a line of its own.",
            )
        if text == BEGIN:
            kept.append(line[: line.index(BEGIN)] + stub)
        inside = text == BEGIN or (inside and text != END)
        if not inside and text != END:
            kept.append(line)
    if inside:
        raise MarkerError(f"{BEGIN!r} has no {END!r}.", "Write it on a line of its own, after the solution.")
    return "\n".join(kept)


def stub(number: str, title: str) -> str:
    """The line that a student replaces."""
    told = json.dumps(f"Exercise {number}: {title}", ensure_ascii=False)
    return f"raise NotImplementedError({told})"
