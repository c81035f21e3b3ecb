"""What the pages name is there: links and anchors, files and settings; their sections; their code can be read."""

import ast
import json
import re
import subprocess
from collections.abc import Callable
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_pages import SHELL, Page, pages, walkthroughs
from shell_words import written_files

from sandbox.settings import ROOT, Settings

SECTIONS = ["Goal", "What it costs", "Check", "What goes wrong", "Tear-down", "What differs in the sandbox"]
NOT_RUN = "Nothing on this page was run on a real AWS account"
FAULTS = "Faults of the original course"
PROPERTY = re.compile(r"\s*([#;\[].*|[\w.${}-]+ ?[=:].*|)$")
# A file that a command makes.
MADE = ("notebooks/exercises/", "credentials/db_creds.yaml")
NAME = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
WALKTHROUGHS = walkthroughs()
every_page = pytest.mark.parametrize("page", pages(), ids=str)
every_walkthrough = pytest.mark.parametrize("page", WALKTHROUGHS, ids=str)


@cache
def repository() -> set[str]:
    """The files of the repository, and its folders with and without a slash at the end."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = told.splitlines()
    folders = {str(folder) for file in files for folder in Path(file).parents if folder.name}
    return {*files, *folders, *(f"{folder}/" for folder in folders)}


def test_there_are_six_walkthroughs_and_the_index_links_them_all() -> None:
    assert [page.path.name[0] for page in WALKTHROUGHS] == list("123456")
    index = Page(ROOT / "walkthroughs" / "README.md")
    assert {page.path.name for page in WALKTHROUGHS} | {"troubleshooting.md", "map.md"} <= set(index.links)


@every_page
def test_every_link_leads_somewhere(page: Page) -> None:
    inside = [link for link in page.links if not link.startswith(("https:", "mailto:"))]
    assert not [link for link in inside if not leads_somewhere(page, link)]


def leads_somewhere(page: Page, link: str) -> bool:
    """Whether a link's file is of the repository, and the heading that its anchor names is in it."""
    name, _, anchor = link.partition("#")
    target = (page.path.parent / name).resolve() if name else page.path
    there = str(target.relative_to(ROOT)) in repository()
    return there and (not anchor or target.suffix != ".md" or anchor in Page(target).anchors)


@every_walkthrough
def test_a_walkthrough_has_its_sections_and_its_steps_count_up(page: Page) -> None:
    steps = page.steps
    assert page.second_headings == ["Goal", "What it costs", *steps, *SECTIONS[2:]]
    assert [int(step.split(".")[0]) for step in steps] == list(range(1, len(steps) + 1))


@every_walkthrough
def test_a_walkthrough_says_at_its_top_what_was_not_run(page: Page) -> None:
    assert NOT_RUN in page.text.split("\n## ")[0]
    assert page.text.startswith(f"# Walkthrough {page.path.name[0]}: ")


@every_walkthrough
def test_a_step_with_a_command_says_what_to_expect(page: Page) -> None:
    assert not [step for step in page.steps if is_silent(page.section(step))]


def is_silent(step: Page) -> bool:
    """Whether a step has commands, and neither an output nor a word about it."""
    languages = {block.language for block in step.blocks}
    return bool(languages & SHELL) and languages <= SHELL and "Expected" not in step.text


def read_shell(text: str) -> None:
    """Raise where the shell cannot read a script, or a JSON file that it writes is none."""
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    for name, content in written_files(text).items():
        if name.endswith(".json"):
            json.loads(content)


def read_properties(text: str) -> None:
    assert all(map(PROPERTY.match, text.splitlines()))


READERS: dict[str, Callable[[str], Any]] = {
    "bash": read_shell,
    "sh": read_shell,
    "python": ast.parse,
    "json": json.loads,
    "yaml": yaml.safe_load,
    "properties": read_properties,
    # What is only shown.
    **dict.fromkeys(["", "text", "sql"], str),
}


@every_page
def test_every_code_block_can_be_read_by_its_language(page: Page) -> None:
    for block in page.blocks:
        READERS[block.language](block.text)


@every_page
def test_every_file_that_is_named_is_there(page: Page) -> None:
    """Words in backticks and in commands that begin with a folder of the repository."""
    folders = {path.split("/")[0] for path in repository() if "/" in path}
    words = {word.strip("`,;:()'\"").rstrip(".") for word in re.split(r"[\s=]+", " ".join([*page.code, page.shell]))}
    named = {word for word in words if re.fullmatch(r"[\w.-]+/[\w./*-]*", word) and word.split("/")[0] in folders}
    assert not {word for word in named if not is_there(word)}


def is_there(word: str) -> bool:
    """Whether a path is of the repository, also with stars in it, and as Databricks calls a notebook."""
    found = any(path == f"{word}.ipynb" or fnmatch(path, word) for path in repository())
    return found or word.startswith(MADE) or ".." in word


@every_page
def test_every_setting_that_is_named_is_one(page: Page) -> None:
    known = settings() | {"EMAIL", "PATH"}
    kinds = {name.split("_")[0] for name in known} - {"USER", "API"}
    named = {name for name in page.code if re.fullmatch(NAME, name) and name.split("_")[0] in kinds}
    used = set(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)", page.shell)) - set(page.code)
    set_there = set(re.findall(r"(?:^|[\s;])([A-Z][A-Z0-9_]+)=", page.shell, re.MULTILINE))
    unknown = (named | used) - known - set_there
    assert not {name for name in unknown if not name.startswith(("AWS_", "BUNDLE_VAR_"))}


@cache
def settings() -> set[str]:
    """The variables that the course's programs, the sandbox and the DAGs know."""
    template = (ROOT / "credentials" / "template.env").read_text()
    dags = "".join(path.read_text() for path in sorted((ROOT / "dags").glob("*.*")))
    of_sandbox = {f"SANDBOX_{name.upper()}" for name in Settings.model_fields}
    return {*re.findall(r"^([A-Z_]+)=", template, re.MULTILINE), *re.findall(NAME, dags), *of_sandbox}


@every_walkthrough
def test_the_checks_that_a_walkthrough_names_are_the_notebooks(page: Page) -> None:
    source = (ROOT / "lib" / "tasks" / f"part_{page.path.name[0]}.py").read_text()
    titles = dict(re.findall(r'@task\(\s*"(\d\.\d+)",\s*"((?:[^"\\]|\\.)*)"', source))
    named = dict(re.findall(r"^\| (\d\.\d+) \| (.*?) \|", page.section("Check").text, re.MULTILINE))
    assert not {key: title for key, title in named.items() if titles.get(key) != title}


def test_each_fault_of_the_original_course_has_the_place_that_is_told() -> None:
    text = Page(ROOT / "walkthroughs" / "troubleshooting.md").section(FAULTS).text
    places = re.findall(r"\]\(\.\./notebooks/(\w+\.ipynb)\), \"(.+?)\" \|", text)
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(places) == len(rows) > 20
    assert not [place for place in places if place[1] not in plain_headings(ROOT / "notebooks" / place[0])]


def plain_headings(path: Path) -> set[str]:
    """The headings without their numbers, which change when a section comes in between."""
    return {re.sub(r"^\d+\. ", "", heading) for heading in Page(path).headings}
