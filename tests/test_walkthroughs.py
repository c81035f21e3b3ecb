"""What the pages name is there: links and anchors, commands and options, files, settings, prices, sections."""

import ast
import json
import re
import subprocess
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
import typer
import yaml
from markdown_pages import Page, pages, walkthroughs
from shell_words import commands, written_files

from deployment.costs import costs, read_prices
from deployment.parameters import read_parameters
from deployment.parts import PARTS, ROOT
from deployment.templates import render
from lib import streaming_batch, streaming_kinesis
from sandbox.cli import KAFKA_TOOL, app
from sandbox.settings import Settings

PAGES = pages()
WALKTHROUGHS = walkthroughs()
SECTIONS = ["Goal", "What it costs", "Check", "What goes wrong", "Tear-down", "What differs in the sandbox"]
NOT_RUN = "Nothing on this page was run on a real AWS account"
MAKEFILE = (ROOT / "Makefile").read_text()
SHELL = ("bash", "sh")
# Languages of blocks that are only shown.
SHOWN = {"", "text", "sql", "csv", "console", "mermaid"}
# The parts of AWS that a walkthrough makes.
COSTS = {1: ("account", "network", "rds", "msk"), 2: ("msk-connect",), 3: ("api",)}
COSTS |= {4: ("databricks",), 5: ("mwaa",), 6: ("kinesis", "databricks")}
ENTRY_POINTS = {"sandbox": app, "streaming-batch": streaming_batch.app, "streaming-kinesis": streaming_kinesis.app}
ours = pytest.mark.parametrize("page", PAGES, ids=str)
each = pytest.mark.parametrize("page", WALKTHROUGHS, ids=str)


def shell(page: Page) -> str:
    return "\n".join(block.text for block in page.blocks if block.language in SHELL)


def inline(page: Page, program: str) -> list[list[str]]:
    """The calls of a program that stand in backticks."""
    calling = re.compile(rf"([A-Z_0-9]+=\S+ )*(\.venv/bin/)?{program} ")
    return [
        words
        for text in page.code
        if calling.match(text)
        for words in commands(calling.sub(f"{program} ", text), program)
    ]


def calls(page: Page, program: str) -> list[list[str]]:
    return [*commands(shell(page).replace(".venv/bin/", ""), program), *inline(page, program)]


@cache
def repository() -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def day(part: str, **changes: str) -> float:
    """US dollars that a part costs on a course day."""
    template = next(render(each.template) for each in PARTS if each.name == part)
    prices = read_prices()
    return sum(cost.hour for cost in costs(part, template, {**read_parameters(), **changes}, prices)) * prices.day


def test_there_are_six_walkthroughs_and_the_index_links_them_all() -> None:
    assert [page.path.name[0] for page in WALKTHROUGHS] == list("123456")
    index = Page(ROOT / "walkthroughs" / "README.md")
    assert {page.path.name for page in WALKTHROUGHS} | {"troubleshooting.md", "map.md"} <= set(index.links)


@ours
def test_every_link_leads_somewhere(page: Page) -> None:
    lost = []
    for link in page.links:
        if re.match(r"(https|mailto):", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.path.parent / name).resolve() if name else page.path
        known = {str(path) for path in [target.relative_to(ROOT)]} <= set(repository()) or target.is_dir()
        if not known or (anchor and target.suffix == ".md" and anchor not in Page(target).anchors):
            lost.append(link)
    assert not lost


@each
def test_a_walkthrough_has_its_sections_and_its_steps_count_up(page: Page) -> None:
    second = [line[3:] for line in page.text.splitlines() if line.startswith("## ")]
    steps = [heading for heading in second if re.match(r"\d+\. ", heading)]
    assert second == ["Goal", "What it costs", *steps, *SECTIONS[2:]]
    assert [int(step.split(".")[0]) for step in steps] == list(range(1, len(steps) + 1))


@each
def test_a_walkthrough_says_at_its_top_what_was_not_run(page: Page) -> None:
    assert NOT_RUN in page.text.split("\n## ")[0]
    assert page.text.startswith(f"# Walkthrough {page.path.name[0]}: ")


@each
def test_a_command_is_followed_by_what_it_shows(page: Page) -> None:
    """Each numbered step that has a command shows what to expect, or says it in words."""
    steps = re.findall(r"^## (\d+\. .*)$", page.text, re.MULTILINE)
    sections = {step: page.section(step) for step in steps}
    silent = [
        step
        for step, section in sections.items()
        if any(block.language in SHELL for block in section.blocks)
        and not any(block.language in SHOWN | {"properties", "json"} for block in section.blocks)
        and "Expected" not in section.text
    ]
    assert not silent


@ours
def test_every_code_block_can_be_read_by_its_language(page: Page) -> None:
    for block in page.blocks:
        if block.language in SHELL:
            done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
            assert not done.stderr, f"{done.stderr}\n{block.text}"
            for name, text in written_files(block.text).items():
                if name.endswith(".json"):
                    json.loads(text)
        elif block.language == "python":
            ast.parse(block.text)
        elif block.language == "json":
            json.loads(block.text)
        elif block.language in ("yaml", "yml"):
            yaml.safe_load(block.text)
        elif block.language in ("properties", "ini"):
            assert all(re.match(r"\s*([#;\[].*|[\w.${}-]+ ?[=:].*|)$", line) for line in block.text.splitlines())
        else:
            assert block.language in SHOWN, block.language


@ours
def test_every_command_of_make_is_there(page: Page) -> None:
    variables = {*re.findall(r"^([A-Z]+) \?=", MAKEFILE, re.MULTILINE), *re.findall(r"\$\(([A-Z]+)\)", MAKEFILE)}
    variables |= set(re.findall(r"\(if \$\(([A-Z]+)\)", MAKEFILE)) | {"S3_SINK_ZIP"}
    for target, *words in (words[1:] for words in calls(page, "make") if words[1:]):
        assert re.search(rf"^{re.escape(target)}:", MAKEFILE, re.MULTILINE), f"make {target}"
        for name, _, value in (word.partition("=") for word in words):
            assert name in variables, f"make {target} {name}="
            assert name != "PART" or value in {"all", "...", *(part.name for part in PARTS)}, value


def known_command(program: str, words: list[str]) -> str:
    """What of a command line the program does not know; empty where it knows all."""
    command = typer.main.get_command(ENTRY_POINTS[program])
    while (groups := getattr(command, "commands", None)) and words:
        name, *words = words
        if name in ("PART", "...", "--help"):
            return ""
        if name not in groups:
            return name
        command = groups[name]
    if command.context_settings.get("ignore_unknown_options") == KAFKA_TOOL["ignore_unknown_options"]:
        return ""
    known = {option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]}
    given = [word.partition("=")[0] for word in words if word.startswith("-") and not re.fullmatch(r"-\d+", word)]
    return " ".join(option for option in given if option not in known | {"--help"})


@ours
@pytest.mark.parametrize("program", ENTRY_POINTS)
def test_every_command_of_ours_is_there_with_its_options(page: Page, program: str) -> None:
    unknown = {" ".join(words): known_command(program, words[1:]) for words in calls(page, program)}
    assert not {line: what for line, what in unknown.items() if what}


@ours
def test_every_file_that_is_named_is_there(page: Page) -> None:
    """Words in backticks and in commands that begin with a folder of the repository."""
    folders = {path.split("/")[0] for path in repository() if "/" in path}
    texts = re.split(r"[\s=]+", " ".join([*page.code, shell(page)]))
    words = {word.strip("`,;:()'\"").rstrip(".") for word in texts}
    named = {word for word in words if re.fullmatch(r"[\w.-]+/[\w./*-]*", word) and word.split("/")[0] in folders}
    here = {*repository(), *(f"{parent}/" for path in repository() for parent in map(str, Path(path).parents))}
    here |= {folder.rstrip("/") for folder in here}
    lost = {word for word in named if not any(fnmatch(path, word) or path == f"{word}.ipynb" for path in here)}
    assert not {word for word in lost if not made(word)}


def made(word: str) -> bool:
    """Whether a file is one that a command makes, or a path of Databricks, or of a service by the same name."""
    return word.startswith(("notebooks/exercises/", "credentials/db_creds.yaml")) or ".." in word


@ours
def test_every_setting_that_is_named_is_one(page: Page) -> None:
    template = (ROOT / "credentials" / "template.env").read_text()
    settings = set(re.findall(r"^([A-Z_]+)=", template, re.MULTILINE))
    ours = {f"SANDBOX_{name.upper()}" for name in Settings.model_fields} | {"SANDBOX_HOME"}
    prefixes = {name.split("_")[0] for name in settings} - {"USER", "AWS", "API"}
    named = {name for name in page.code if re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", name)}
    about = {name for name in named if name.split("_")[0] in {*prefixes, "SANDBOX"} or name.endswith(("_ID", "_KEY"))}
    script = shell(page)
    used = set(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)", script))
    assigned = set(re.findall(r"(?:^|[\s;])([A-Z][A-Z0-9_]+)=", script))
    of_dags = {
        name for path in (ROOT / "dags").glob("*.*") for name in re.findall(r"[A-Z]+(?:_[A-Z]+)+", path.read_text())
    }
    known = settings | ours | assigned | of_dags | {"EMAIL", "PATH"}
    unknown = {name for name in about | (used - set(page.code)) if name not in known}
    assert not {name for name in unknown if not name.startswith(("AWS_", "BUNDLE_VAR_"))}


@each
def test_a_walkthroughs_cost_is_that_of_the_price_table(page: Page) -> None:
    parts = COSTS[int(page.path.name[0])]
    text = page.section("What it costs").text
    rows = [line for line in text.splitlines() if line.startswith("|") and "**" in line]
    figures = [float(re.findall(r"\*\*(\d+\.\d\d) USD\*\*", row)[0]) for row in rows]
    wanted = [round(day(part), 2) for part in parts]
    whole = [round(sum(map(day, parts)), 2)] if len(figures) > len(parts) else []
    assert figures == pytest.approx(wanted + whole)
    assert [part for part in parts if not any(part in row for row in rows)] == []


@each
def test_what_a_walkthrough_costs_an_hour_is_a_day_s_eighth(page: Page) -> None:
    for row in re.findall(
        r"^\|.*\| (\d\.\d{3}) \| \**(\d\.\d\d) USD", page.section("What it costs").text, re.MULTILINE
    ):
        hour, of_day = map(float, row)
        assert of_day == pytest.approx(hour * 8, abs=0.01)


def test_the_whole_course_costs_what_the_index_says() -> None:
    told = Page(ROOT / "walkthroughs" / "README.md").section("What it costs").text
    whole = sum(day(part.name) for part in PARTS)
    assert (f"{whole / 8:.2f} USD an hour" in told, f"**{whole:.2f} USD**" in told) == (True, True)


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("0*.ipynb")), ids=lambda path: path.stem)
def test_a_notebooks_cost_is_that_of_its_part(path: Path) -> None:
    number = int(path.name[:2])
    parts = COSTS.get(number, tuple(part.name for part in PARTS))
    known = {f"{day(part):.2f}" for part in parts} | {f"{sum(map(day, parts)):.2f}"}
    figures = re.findall(r"\*\*(\d+\.\d\d) USD\*\*", Page(path).text)
    assert figures and set(figures) <= known


@each
def test_the_checks_that_a_walkthrough_names_are_the_notebooks(page: Page) -> None:
    number = page.path.name[0]
    source = (ROOT / "lib" / "tasks" / f"part_{number}.py").read_text()
    titles = dict(re.findall(r'@task\(\s*"(\d\.\d+)",\s*"((?:[^"\\]|\\.)*)"', source))
    named = dict(re.findall(r"^\| (\d\.\d+) \| (.*?) \|", page.section("Check").text, re.MULTILINE))
    assert not {key: title for key, title in named.items() if titles.get(key) != title}


FAULTS = "Faults of the original course"


def test_each_fault_of_the_original_course_is_runnable_where_it_says() -> None:
    text = Page(ROOT / "walkthroughs" / "troubleshooting.md").section(FAULTS).text
    places = re.findall(r"\]\(\.\./notebooks/(\w+\.ipynb)\), \"(.+?)\" \|", text)
    assert len(places) >= 12
    assert len(places) == len([line for line in text.splitlines() if line.startswith("| ")]) - 1
    lost = [place for place in places if place[1] not in plain_headings(ROOT / "notebooks" / place[0])]
    assert not lost


def plain_headings(path: Path) -> set[str]:
    """The headings without their numbers, which change when a section comes in between."""
    return {re.sub(r"^\d+\. ", "", heading) for heading in Page(path).headings}
