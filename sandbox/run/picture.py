"""The answers as one picture."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from sandbox.run.answers import QUESTIONS, Rows

COLOUR = "#bd081c"
COUNTRIES_SHOWN = 12
THOUSANDS = StrMethodFormatter("{x:,.0f}")
SHADES = ("#bd081c", "#e06c75", "#f0a8a0", "#8a8a8a", "#4a4a4a")


def draw(answers: dict[str, Rows], path: Path, subtitle: str) -> Path:
    """Draw the answers on one page and write it as a PNG."""
    mpl.use("Agg")
    figure = Figure(figsize=(18, 20), layout="constrained")
    panels = figure.subplots(4, 2).flatten()
    for panel, name, painter in zip(panels, PAINTERS, PAINTERS.values(), strict=False):
        painter(panel, answers[name])
        panel.set_title(f"{name}. {QUESTIONS[name][0]}", loc="left", fontsize=12, fontweight="bold")
        panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"What the pipeline answers\n{subtitle}", fontsize=16)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    return path


def bars(panel: Axes, labels: list[str], values: list[float], unit: str) -> None:
    """Horizontal bars with their values written beside them."""
    drawn = panel.barh(labels, values, color=COLOUR)
    panel.bar_label(drawn, labels=[f"{value:,.0f}" for value in values], padding=3, fontsize=9)
    panel.invert_yaxis()
    panel.xaxis.set_major_formatter(THOUSANDS)
    panel.set_xlabel(unit)
    panel.margins(x=0.12)


def popular_by_country(panel: Axes, rows: Rows) -> None:
    """The countries with the largest leading category."""
    top = sorted(rows, key=lambda row: -row["category_count"])[:COUNTRIES_SHOWN]
    labels = [f"{row['country'][:28]}: {row['category']}" for row in top]
    bars(panel, labels, [row["category_count"] for row in top], f"posts (the {COUNTRIES_SHOWN} largest)")


def categories_by_year(panel: Axes, rows: Rows) -> None:
    """One line a category."""
    years = sorted({row["post_year"] for row in rows})
    colours = mpl.colormaps["tab20"]
    for index, category in enumerate(sorted({row["category"] for row in rows})):
        counts = {row["post_year"]: row["category_count"] for row in rows if row["category"] == category}
        panel.plot(years, [counts.get(year, 0) for year in years], marker="o", label=category, color=colours(index))
    panel.set_xticks(years)
    panel.set_ylabel("posts (2022 ends in October)")
    panel.set_ylim(bottom=0)
    panel.legend(fontsize=8, ncols=5, loc="lower left")


def followers_by_country(panel: Axes, rows: Rows) -> None:
    """The posters with most followers."""
    top = sorted(rows, key=lambda row: -row["follower_count"])[:COUNTRIES_SHOWN]
    labels = [f"{row['country'][:24]}: {row['poster_name'][:24]}" for row in top]
    bars(panel, labels, [row["follower_count"] for row in top], f"followers (the {COUNTRIES_SHOWN} largest)")


def popular_by_age(panel: Axes, rows: Rows) -> None:
    """The leading category of each age group."""
    labels = [f"{row['age_group']}: {row['category']}" for row in rows]
    bars(panel, labels, [row["category_count"] for row in rows], "posts")


def medians_by_age(panel: Axes, rows: Rows) -> None:
    """The median of each age group."""
    bars(
        panel, [row["age_group"] for row in rows], [row["median_follower_count"] for row in rows], "followers (median)"
    )


def joined_by_year(panel: Axes, rows: Rows) -> None:
    """Persons by joining year."""
    labels = [str(row["join_year"]) for row in rows]
    bars(panel, labels, [row["number_users_joined"] for row in rows], "persons")


def medians_by_year(panel: Axes, rows: Rows) -> None:
    """The median of each joining year."""
    labels = [str(row["join_year"]) for row in rows]
    bars(panel, labels, [row["median_follower_count"] for row in rows], "followers (median)")


def medians_by_year_and_age(panel: Axes, rows: Rows) -> None:
    """A group of bars for each age group, one bar a joining year."""
    groups = sorted({row["age_group"] for row in rows})
    years = sorted({row["join_year"] for row in rows})
    width = 0.8 / max(len(years), 1)
    values: dict[Any, float] = {(row["age_group"], row["join_year"]): row["median_follower_count"] for row in rows}
    for index, year in enumerate(years):
        positions = [place + index * width for place in range(len(groups))]
        heights = [values.get((group, year), 0) for group in groups]
        panel.bar(positions, heights, width, label=str(year), color=SHADES[index % len(SHADES)])
    panel.set_xticks([place + width * (len(years) - 1) / 2 for place in range(len(groups))], groups)
    panel.set_ylabel("followers (median)")
    panel.yaxis.set_major_formatter(THOUSANDS)
    panel.legend(title="joined in")


PAINTERS = {
    "1": popular_by_country,
    "2a": categories_by_year,
    "3a": followers_by_country,
    "4": popular_by_age,
    "5": medians_by_age,
    "6": joined_by_year,
    "7": medians_by_year,
    "8": medians_by_year_and_age,
}
