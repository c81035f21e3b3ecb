"""The templates of credentials and the code agree: a setting that is read stands in a template, and the other way."""

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from dotenv import dotenv_values

from lib.rds_credentials import COURSE_KEYS, TLS_KEY
from lib.settings import Settings
from sandbox.environment import variables
from sandbox.secrets import load_secrets
from sandbox.settings import ROOT
from sandbox.settings import Settings as SandboxSettings

CREDENTIALS = ROOT / "credentials"
READERS = ("lib", "notebooks", "dags", "deployment")
# Read and not the user's to set, each for its reason.
NOT_FOR_USERS = {
    "CHECKS_FILE": "`make grade` sets it for the notebooks that it runs",
    "AWS_ENDPOINT_URL": "looked at only to tell an emulator from an account",
    "AWS_ENDPOINT_URL_CLOUDFORMATION": "looked at only to tell an emulator from an account",
}
# Read by clients that are not ours, by their own names, or through parameters.yaml.
READ_BY_OTHERS = {
    "EMAIL": "aws/cloudformation/parameters.yaml",
    "DATABRICKS_SECRET": "dags/startup.sh",
}
TEMPLATE = (CREDENTIALS / "template.env").read_text(encoding="utf-8")
COMMENTED = re.compile(r"^# ([A-Z][A-Z0-9_]+)=$", re.MULTILINE)


def sources() -> Iterator[str]:
    """The Python that students and their machines run, a notebook cell by cell."""
    for path in (found for folder in READERS for found in sorted((ROOT / folder).rglob("*"))):
        if path.suffix == ".py":
            yield path.read_text(encoding="utf-8")
        elif path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            code = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
            yield from ("".join(line for line in cell.splitlines(True) if line[0] not in "%!") for cell in code)


def read_variables() -> set[str]:
    """Every environment variable that is read by its name, or by a constant of its module."""
    return {name for source in sources() for name in named(ast.parse(source))}


def named(tree: ast.Module) -> Iterator[str]:
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        key = asked(node)
        if isinstance(key, ast.Constant):
            yield str(key.value)
        elif isinstance(key, ast.Name) and key.id in constants:
            yield str(constants[key.id])


def asked(node: ast.AST) -> ast.expr | None:
    """The key of `os.environ[...]`, `os.environ.get(...)` and `os.getenv(...)`."""
    match node:
        case ast.Subscript(value=ast.Attribute(attr="environ"), slice=key, ctx=ast.Load()):
            return key
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="environ"), attr="get"), args=[key, *_]):
            return key
        case ast.Call(func=ast.Attribute(attr="getenv"), args=[key, *_]):
            return key
    return None


def template_names() -> set[str]:
    return set(dotenv_values(CREDENTIALS / "template.env")) | set(COMMENTED.findall(TEMPLATE))


def test_the_reader_of_this_test_finds_every_way_to_ask() -> None:
    source = 'NAME = "C"\nos.environ["A"]; os.environ.get("B", ""); os.getenv(NAME); os.environ["D"] = "set, not read"'
    assert set(named(ast.parse(source))) == {"A", "B", "C"}


def test_each_variable_that_is_read_stands_in_the_template() -> None:
    assert read_variables() - set(NOT_FOR_USERS) <= template_names()


def test_each_variable_of_the_template_is_read() -> None:
    settings = {name.upper() for name in Settings.model_fields}
    assert template_names() <= settings | read_variables() | set(READ_BY_OTHERS)


@pytest.mark.parametrize(("name", "reader"), READ_BY_OTHERS.items())
def test_what_others_read_is_read_there(name: str, reader: str) -> None:
    parameter = name.title().replace("_", "")
    assert re.search(rf"\b({name}|{parameter})\b", (ROOT / reader).read_text(encoding="utf-8"))


def test_what_is_not_for_users_is_no_longer_than_it_must_be() -> None:
    assert set(NOT_FOR_USERS) <= read_variables()
    assert not set(NOT_FOR_USERS) & template_names()


def test_each_variable_of_the_template_is_explained() -> None:
    """A comment, above it or above its block."""
    paragraphs = TEMPLATE.strip().split("\n\n")
    assert all(paragraph.startswith("#") and not COMMENTED.match(paragraph) for paragraph in paragraphs)


def test_what_the_sandbox_exports_stands_in_the_template(tmp_path: Path) -> None:
    settings = SandboxSettings(home=tmp_path / "home", port_base=32_000)
    assert set(variables(settings, load_secrets(settings))) <= set(dotenv_values(CREDENTIALS / "template.env"))


def test_the_yaml_template_holds_the_courses_keys_and_names_the_one_for_tls() -> None:
    text = (CREDENTIALS / "creds_template.yaml").read_text(encoding="utf-8")
    assert tuple(yaml.safe_load(text)) == COURSE_KEYS
    assert re.search(rf"^# {TLS_KEY}: ", text, re.MULTILINE)


@pytest.mark.parametrize("template", ["template.env", "creds_template.yaml"])
def test_git_keeps_the_templates_and_ignores_their_copies(template: str) -> None:
    copies = [f"credentials/{template}", "credentials/db_creds.yaml", ".env", ".env.aws"]
    command = ["git", "check-ignore", "--no-index", *copies]
    ignored = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    assert ignored == copies[1:]


def test_the_readme_names_each_file_and_each_keeper() -> None:
    readme = (CREDENTIALS / "README.md").read_text(encoding="utf-8")
    for name in ("template.env", "creds_template.yaml", "Secrets Manager", "databricks_default", "create-scope"):
        assert name in readme


def test_the_names_of_the_readme_are_the_codes() -> None:
    """Every variable that the README names exists."""
    named_there = set(re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`", (CREDENTIALS / "README.md").read_text()))
    beside = {*COURSE_KEYS, TLS_KEY, "AWS_ACCESS_KEY_ID"}
    assert named_there - beside <= template_names()
