"""Each command of the pages is one, with its options: of make, of ours, and of the AWS CLI with what is given to it."""

import json
import re
import subprocess

import pytest
import typer
from aws_cli import faults_of_input, unknown
from by_hand import FILES, POLICIES
from markdown_pages import Page, pages
from own_environment import environment
from shell_words import commands

from deployment.parts import PARTS
from lib import streaming_batch, streaming_kinesis
from sandbox.cli import KAFKA_TOOL, app
from sandbox.settings import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
# What make takes; the last is for the program that a target calls.
VARIABLES = {*re.findall(r"\(([A-Z]+)\)", MAKEFILE), *re.findall(r"if \$\(([A-Z]+)\)", MAKEFILE), "S3_SINK_ZIP"}
PROGRAMS = {"sandbox": app, "streaming-batch": streaming_batch.app, "streaming-kinesis": streaming_kinesis.app}
# What stands for a name that the reader knows.
PLACEHOLDERS = {"PART", "..."}
every_page = pytest.mark.parametrize("page", pages(), ids=str)


def calls(page: Page, program: str) -> list[list[str]]:
    """The words of a program's calls, in blocks and in backticks, after its name."""
    begins = re.compile(rf"([A-Z_0-9]+=\S+ )*{program} ")
    inline = [begins.sub(f"{program} ", text) for text in page.code if begins.match(text)]
    scripts = [page.shell.replace(".venv/bin/", ""), *inline]
    return [words[1:] for script in scripts for words in commands(script, program)]


@every_page
def test_every_command_of_make_is_there(page: Page) -> None:
    for target, *words in calls(page, "make"):
        assert target in TARGETS
        given = dict(word.split("=", 1) for word in words)
        assert set(given) <= VARIABLES
        assert given.get("PART", "all") in {"all", "...", *(part.name for part in PARTS)}


@every_page
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_command_of_ours_is_there_with_its_options(page: Page, program: str) -> None:
    found = {" ".join(words): not_of(program, words) for words in calls(page, program)}
    assert not {line: what for line, what in found.items() if what}


def not_of(program: str, words: list[str]) -> str:
    """What of a command line the program does not know; empty where it knows all."""
    command = typer.main.get_command(PROGRAMS[program])
    while (below := getattr(command, "commands", None)) and words and words[0] not in PLACEHOLDERS | {"--help"}:
        if words[0] not in below:
            return words[0]
        command, words = below[words[0]], words[1:]
    if command.context_settings.get("ignore_unknown_options") == KAFKA_TOOL["ignore_unknown_options"]:
        return ""
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    return " ".join(option for option in given if option not in known | {"--help"})


def test_a_command_and_an_option_that_are_not_there_are_found() -> None:
    assert not_of("sandbox", ["kafka-topics", "--list"]) == not_of("sandbox", ["logs", "kafka", "-f"]) == ""
    assert not_of("sandbox", ["statsu"]) == "statsu"
    assert not_of("sandbox", ["logs", "kafka", "--folow"]) == "--folow"


@every_page
def test_every_command_of_the_aws_cli_is_one(page: Page) -> None:
    found = {" ".join(words): unknown(words[1:]) for words in commands(page.shell, "aws")}
    assert not {call: what for call, what in found.items() if what}


@every_page
def test_every_option_of_the_aws_cli_in_backticks_is_one(page: Page) -> None:
    """A call in backticks may leave out what does not matter there."""
    texts = [text for text in page.code if re.match(r"aws [\w-]+ [\w-]+ -", text) and "..." not in text]
    found = {text: unknown(words[1:]) for text in texts for words in commands(text, "aws")}
    assert not {call: what for call, what in found.items() if what and "missing" not in what}


def test_what_the_aws_cli_does_not_know_or_misses_is_found() -> None:
    assert unknown(["kafka", "list-clusters-v2", "--output", "text", "--query", "ClusterInfoList"]) == ""
    assert unknown(["kafka", "list-clutsers"]) == "no command kafka list-clutsers"
    assert unknown(["s3", "ls", "--recursively"]) == "recursively"
    assert unknown(["iam", "get-role", "--output", "text"]) == "missing role-name"


@every_page
def test_what_is_given_to_a_call_in_a_file_is_as_amazon_describes_it(page: Page) -> None:
    for words in commands(page.shell, "aws"):
        if "--cli-input-json" in words:
            name = words[words.index("--cli-input-json") + 1].removeprefix("file://")
            assert not faults_of_input(words[1], words[2], FILES[name])


def test_every_policy_is_sound_by_parliaments_rules() -> None:
    script = ROOT / "tests" / "scripts" / "audit_policies.py"
    rights = {name: policy for name, policy in POLICIES.items() if "Principal" not in str(policy)}
    assert len(rights) >= 5
    command = [environment("templates") / "bin" / "python", script]
    done = subprocess.run(command, input=json.dumps(rights), capture_output=True, text=True, check=False)
    assert done.stdout == "{}\n", done.stdout + done.stderr


def test_the_api_that_is_imported_is_sound_openapi() -> None:
    command = [environment("templates") / "bin" / "python", "-m", "openapi_spec_validator", ROOT / "aws" / "api.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "No module named openapi_spec_validator" in done.stderr:
        pytest.skip("requirements/templates.in does not ask for openapi-spec-validator")
    assert done.returncode == 0, done.stdout + done.stderr
