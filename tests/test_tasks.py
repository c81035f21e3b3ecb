"""The checks of each part: numbered without a gap, at the notebook's cells in their order, each with a step to read."""

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from lib import checks
from sandbox.settings import ROOT

PARTS = sorted(int(path.stem.removeprefix("part_")) for path in (ROOT / "lib" / "tasks").glob("part_*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0[0-9]_*.ipynb"))
HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)


def tasks_of(part: int) -> list[Any]:
    importlib.import_module(f"lib.tasks.part_{part}")
    return [task for id, task in checks._tasks.items() if id.startswith(f"{part}.")]


def code_cells(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def checked(path: Path) -> list[str]:
    """The ids of the calls `check("N.k", globals())` in a notebook, in their order."""
    calls = [node for source in code_cells(path) for node in ast.walk(ast.parse(source)) if is_check(node)]
    return [ast.literal_eval(call.args[0]) for call in calls]


def is_check(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check"


def anchors(markdown: str) -> set[str]:
    """The anchors that GitHub gives the headings: small letters, no punctuation, a hyphen for each blank."""
    plain = (re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading).lower() for heading in HEADING.findall(markdown))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


def test_there_is_a_part_for_each_notebook() -> None:
    assert PARTS == [int(path.name[:2]) for path in NOTEBOOKS] == list(range(7))


@pytest.mark.parametrize("part", PARTS)
def test_checks_are_numbered_without_a_gap(part: int) -> None:
    assert [task.id for task in tasks_of(part)] == [f"{part}.{number + 1}" for number in range(len(tasks_of(part)))]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_calls_each_of_its_checks_once_in_their_order(path: Path) -> None:
    assert checked(path) == [task.id for task in tasks_of(int(path.name[:2]))]


@pytest.mark.parametrize("part", PARTS)
def test_a_check_leads_to_a_step_that_is_there(part: int) -> None:
    for task in tasks_of(part):
        file, _, anchor = task.step.partition("#")
        walkthrough = ROOT / "walkthroughs" / file
        assert walkthrough.is_file(), f"{task.id}: there is no walkthroughs/{file}"
        assert anchor in anchors(walkthrough.read_text(encoding="utf-8")), f"{task.id}: {file} has no #{anchor}"


@pytest.mark.parametrize("part", PARTS)
def test_a_title_says_something_and_no_two_say_the_same(part: int) -> None:
    titles = [task.title for task in tasks_of(part)]
    assert all(titles) and len(set(titles)) == len(titles)
    assert not [title for title in titles if title.endswith(".")]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_a_check_asks_for_is_what_the_notebook_makes(path: Path) -> None:
    """A name that the notebook never binds would fail for each student."""
    source = (ROOT / "lib" / "tasks" / f"part_{int(path.name[:2])}.py").read_text(encoding="utf-8")
    asked = set(re.findall(r"given\[[\"'](\w+)[\"']\]", source))
    assert asked <= bound_names(path)


def bound_names(path: Path) -> set[str]:
    nodes = [node for source in code_cells(path) for node in ast.walk(ast.parse(source))]
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    imported = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    return names | defined | imported | {"spark", "dbutils", "display"}


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("## 1. Make the bucket", "1-make-the-bucket"),
        ("## 7. Write `client.properties`", "7-write-clientproperties"),
        ("### What it costs, and how it goes away", "what-it-costs-and-how-it-goes-away"),
        ("## A [link](x.md#y) in it", "a-link-in-it"),
    ],
)
def test_anchors_are_made_as_github_makes_them(heading: str, anchor: str) -> None:
    assert anchors(f"text\n{heading}\ntext") == {anchor}
