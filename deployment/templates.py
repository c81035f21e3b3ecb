"""Templates as they are sent: the short forms of YAML made long, and the repository's own files taken in.

A template takes a file in by CloudFormation's own way, the transform ``AWS::Include`` with a path as its location
(``../s3-sink.json#config`` for one key of it), so that ``aws cloudformation package`` could send it as well. What the
sandbox runs and what AWS gets is thereby the same file. In it the account number of the documentation becomes the
account, and ``${USER_ID}`` the parameter ``UserId``.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import yaml

from deployment.errors import TemplateError

ACCOUNT = "123456789012"
USER_ID = "${USER_ID}"
# Stands in the logical id of what must be made anew when a file that is taken in has changed.
HASH = "BODYHASH"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags, and dates left as they are written."""


def _long_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value = _constructed(loader, node)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


def _constructed(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.ScalarNode)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!", _long_form)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _constructed)


def render(path: Path) -> dict[str, Any]:
    """The template of a file, whole.

    Raises:
        TemplateError: the file, or one that it takes in, is missing or cannot be read.
    """
    included: list[Any] = []
    template = _taken_in(read(path), path.parent, included)
    digest = hashlib.sha256(json.dumps(included, sort_keys=True).encode()).hexdigest()[:10]
    rendered: dict[str, Any] = json.loads(json.dumps(template).replace(HASH, digest))
    return rendered


def body(template: dict[str, Any]) -> str:
    """A template as compact JSON, which CloudFormation takes up to 51,200 bytes of."""
    return json.dumps(template, separators=(",", ":"))


def read(path: Path) -> Any:
    """What a file holds: YAML and JSON as objects, anything else as text.

    Raises:
        TemplateError: it is missing or cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        return yaml.load(text, _Loader) if path.suffix in (".yaml", ".json") else text  # noqa: S506
    except (OSError, yaml.YAMLError) as error:
        raise TemplateError(f"{path} cannot be read: {error}", "Mend it, or take it from the repository.") from error


def _taken_in(value: Any, folder: Path, included: list[Any]) -> Any:
    match value:
        case {"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": location}}}:
            content = _content(folder, location)
            included.append(content)
            return _with_references(content)
        case dict():
            return {key: _taken_in(below, folder, included) for key, below in value.items()}
        case list():
            return [_taken_in(below, folder, included) for below in value]
    return value


def _content(folder: Path, location: str) -> Any:
    name, _, key = location.partition("#")
    content = read(folder / name)
    if not key:
        return content
    if not isinstance(content, dict) or key not in content:
        raise TemplateError(f"{name} has no {key!r}.", f"A template takes it in as {location}: mend one of the two.")
    return content[key]


def _with_references(value: Any) -> Any:
    """What is taken in, with the account and the student's id as CloudFormation knows them."""
    match value:
        case dict():
            return {key: _with_references(below) for key, below in value.items()}
        case list():
            return [_with_references(below) for below in value]
        case str() if ACCOUNT in value or USER_ID in value:
            literal = value.replace("${", "${!").replace(USER_ID.replace("${", "${!"), "${UserId}")
            return {"Fn::Sub": literal.replace(ACCOUNT, "${AWS::AccountId}")}
    return value
