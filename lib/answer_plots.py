"""Plots of the course's answers: bars, grouped bars and lines, each with its title, its labels and its unit.

Every function takes rows (what `DataFrame.collect()` gives, or dicts) and the names of their columns, and returns the
axes it drew on; `matplotlib.pyplot.show()` shows them. matplotlib is imported by the functions only, so that nothing
else needs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import Any

Rows = Sequence[Any]

_LONGEST = 28
_COLOUR = "#bd081c"
_MORE_COLOURS = ("#bd081c", "#5b6770", "#e8a33d", "#2a7f8e")


def bars(rows: Rows, labels: Sequence[str], value: str, *, title: str, unit: str, top: int | None = None) -> Any:
    """Horizontal bars with their values, in the order of the rows, or the `top` largest by `value`.

    Args:
        labels: the columns that name a bar, joined by commas, long values cut.
        value: the column with its length, in `unit`.
    """
    shown = sorted(rows, key=lambda row: -row[value])[:top] if top else rows
    axes = _axes(title, height=1.2 + 0.32 * len(shown))
    names = [", ".join(shorten(str(row[label]), _LONGEST, placeholder="...") for label in labels) for row in shown]
    drawn = axes.barh(range(len(shown)), [row[value] for row in shown], color=_COLOUR)
    axes.set_yticks(range(len(shown)), names)
    axes.bar_label(drawn, labels=[f"{row[value]:,.0f}" for row in shown], padding=3)
    axes.invert_yaxis()
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.locator_params("x", nbins=6)
    axes.margins(x=0.12)
    axes.set_xlabel(unit)
    return axes


def grouped_bars(rows: Rows, group: str, bar: str, value: str, *, title: str, unit: str) -> Any:
    """A group of bars for each value of the column `group`, one bar each for the values of `bar`; no row, no bar."""
    axes, width = _axes(title), 0.8
    groups, names = _distinct(rows, group), _distinct(rows, bar)
    heights = {(row[group], row[bar]): row[value] for row in rows}
    for number, name in enumerate(names):
        known = [(place, heights[one, name]) for place, one in enumerate(groups) if (one, name) in heights]
        left = [place + (number + 0.5) * width / len(names) - width / 2 for place, _ in known]
        colour = _MORE_COLOURS[number % len(_MORE_COLOURS)]
        axes.bar(left, [height for _, height in known], width / len(names), label=str(name), color=colour)
    axes.set_xticks(range(len(groups)), [str(one) for one in groups])
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_xlabel(_words(group))
    axes.set_ylabel(unit)
    axes.legend(title=_words(bar))
    return axes


def lines(rows: Rows, across: str, line: str, value: str, *, title: str, unit: str) -> Any:
    """A line for each value of the column `line`: `value`, in `unit`, at each place of `across`."""
    from matplotlib import colormaps

    axes, colours = _axes(title), colormaps["tab20"]
    for number, name in enumerate(_distinct(rows, line)):
        points = sorted((row[across], row[value]) for row in rows if row[line] == name)
        axes.plot(*zip(*points, strict=True), marker="o", label=str(name), color=colours(2 * number % 19))
    axes.set_xticks(_distinct(rows, across))
    axes.set_xlabel(_words(across))
    axes.set_ylabel(unit)
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), title=_words(line))
    return axes


def _axes(title: str, height: float = 4) -> Any:
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(figsize=(9, height), layout="constrained")
    axes.set_title(title, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _distinct(rows: Rows, column: str) -> list[Any]:
    return sorted({row[column] for row in rows})


def _words(column: str) -> str:
    return column.replace("_", " ")
