"""The cases of a contract file, read and checked for misspelt fields.

    service: kinesis                     # a boto3 client; or `http: rest-proxy`, `http: invoke-url`
    cases:
      - name: a record to a stream that is not there
        source: https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
        call: put_record                 # the client's method; for HTTP `request: {method, path, headers, json | body}`
        with: {StreamName: "no-such-{unique}", Data: "x", PartitionKey: "1"}
        error: {code: ResourceNotFoundException, status: 400, message: "~Stream .* not found"}

A case may have `expect` and `until` (JMESPath: value), `save` (name: JMESPath), and for HTTP `status`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One call and what it must answer.

    Attributes:
        source: the public reference that says so.
        call, with_: the method of the boto3 client and its parameters.
        request: for plain HTTP, `method`, `path`, `headers`, and `json` or `body`.
        expect: JMESPath into the answer: expected value.
        until: as `expect`; the call is repeated until it holds.
        error: `code`, `status`, `message` of the expected error; each may be left out.
        save: name of a value for later cases: JMESPath into the answer.
    """

    name: str
    source: str
    call: str = ""
    with_: dict[str, Any] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    status: int | None = None
    expect: dict[str, Any] = field(default_factory=dict)
    until: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] = field(default_factory=dict)
    save: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Contract:
    """The cases of a file, in order. Either `service` or `http` is set."""

    name: str
    cases: tuple[Case, ...]
    service: str = ""
    http: str = ""

    @property
    def saved_names(self) -> set[str]:
        """The names that its cases give to values."""
        return {name for case in self.cases for name in case.save}


def load(path: Path) -> Contract:
    """Read a contract file. Raises `ValueError` where it is not one, with the case that is wrong."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if set(content) - {"service", "http", "cases"} or ("service" in content) == ("http" in content):
        raise ValueError(f"{path.name}: it has `cases`, and either `service` or `http`; found {sorted(content)}")
    cases = tuple(_case(path.name, case) for case in content["cases"])
    return Contract(path.stem, cases, content.get("service", ""), content.get("http", ""))


def load_all(folder: Path = FOLDER) -> list[Contract]:
    """Every contract of a folder, by name."""
    return [load(path) for path in sorted(folder.glob("*.yaml"))]


def _case(file: str, content: dict[str, Any]) -> Case:
    known = {member.name.rstrip("_") for member in fields(Case)}
    if unknown := set(content) - known:
        raise ValueError(f"{file}: case {content.get('name')!r} has unknown fields {sorted(unknown)}")
    if not {"name", "source"} <= set(content) or ("call" in content) == ("request" in content):
        raise ValueError(f"{file}: case {content.get('name')!r} has a name, a source, and either call or request")
    given = {("with_" if name == "with" else name): value for name, value in content.items() if value is not None}
    return Case(**given)
