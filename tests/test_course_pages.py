"""The course in README.md and notebooks/README.md: its tables are the notebooks', its commands and files exist."""

import json
import re
from pathlib import Path

import pytest

from sandbox.settings import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
PAGES = (ROOT / "README.md", ROOT / "notebooks" / "README.md")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def minutes(notebook: Path) -> str:
    """The time that the notebook's first cell tells."""
    first = "".join(json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"])
    (told,) = re.findall(r"\*\*Time\*\* (\d+) minutes", first)
    return str(told)


def rows(page: Path) -> dict[str, str]:
    """The minutes of a page's table, by the notebook's file name."""
    found = re.findall(
        r"^\| \[[^\]]+\]\(([^)]+\.ipynb)\) \| (\d+) min \|", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    return {(page.parent / link).resolve().name: told for link, told in found}


def test_there_are_seven_notebooks() -> None:
    assert [notebook.name[:2] for notebook in NOTEBOOKS] == [f"0{number}" for number in range(7)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_lists_every_notebook_with_its_time(page: Path) -> None:
    assert rows(page) == {notebook.name: minutes(notebook) for notebook in NOTEBOOKS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_of_make_on_a_page_exists(page: Path) -> None:
    for target in re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_everything_that_a_page_links_to_exists(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing
