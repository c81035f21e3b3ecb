"""What the pages say of costs is what `make cost` says."""

import re
from functools import cache
from pathlib import Path

import pytest
from markdown_pages import Page, walkthroughs

from deployment.costs import costs, read_prices
from deployment.parameters import read_parameters
from deployment.parts import PARTS, ROOT
from deployment.templates import render

# The parts of AWS that a walkthrough and its notebook make.
MADE = {
    1: ("account", "network", "rds", "msk"),
    2: ("msk-connect",),
    3: ("api",),
    4: ("databricks",),
    5: ("mwaa",),
    6: ("kinesis", "databricks"),
}
ALL = tuple(part.name for part in PARTS)
FIGURE = r"\*\*(\d+\.\d\d) USD\*\*"
every_walkthrough = pytest.mark.parametrize("page", walkthroughs(), ids=str)


@cache
def day(part: str) -> float:
    """US dollars that a part costs on a course day."""
    template = next(render(known.template) for known in PARTS if known.name == part)
    prices = read_prices()
    return sum(cost.hour for cost in costs(part, template, read_parameters(), prices)) * prices.day


def told(page: Page) -> str:
    return page.section("What it costs").text


@every_walkthrough
def test_a_walkthroughs_figures_are_those_of_its_parts_and_of_all_of_them(page: Page) -> None:
    parts = MADE[int(page.path.name[0])]
    rows = [line for line in told(page).splitlines() if re.search(FIGURE, line)]
    named = [next(part for part in (*parts, "in all") if f"{part}" in row) for row in rows]
    assert [part for part in named if part != "in all"] == list(parts)
    wanted = {**{part: day(part) for part in parts}, "in all": sum(map(day, parts))}
    figures = [float(re.findall(FIGURE, row)[0]) for row in rows]
    assert figures == pytest.approx([round(wanted[part], 2) for part in named])


@every_walkthrough
def test_an_hour_is_an_eighth_of_a_course_day(page: Page) -> None:
    rows = re.findall(r"^\|.*\| (\d\.\d{3}) \| \**(\d\.\d\d) USD", told(page), re.MULTILINE)
    assert rows
    assert [float(of_day) for _, of_day in rows] == pytest.approx([float(hour) * 8 for hour, _ in rows], abs=0.01)


def test_the_whole_course_costs_what_the_index_says() -> None:
    text = told(Page(ROOT / "walkthroughs" / "README.md"))
    whole = sum(map(day, ALL))
    assert f"{whole / 8:.2f} USD an hour" in text
    assert re.findall(FIGURE, text) == [f"{whole:.2f}"]


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("0*.ipynb")), ids=lambda path: path.stem)
def test_a_notebooks_figure_is_that_of_its_part(path: Path) -> None:
    parts = MADE.get(int(path.name[:2]), ALL)
    known = {f"{day(part):.2f}" for part in parts} | {f"{sum(map(day, parts)):.2f}"}
    assert set(re.findall(FIGURE, Page(path).text)) <= known
    assert re.findall(FIGURE, Page(path).text)
