"""The body of a request or of a back end's answer, as templates and parameter mappings read it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from sandbox.servers.api_gateway.jsonpath import MISSING, compile_path
from sandbox.servers.api_gateway.velocity_values import parse_json, show, to_json
from sandbox.servers.aws.errors import AwsError


class MalformedPayloadError(AwsError):
    """A template or mapping asks for JSON, and the body is none."""


class Payload:
    """A body that is read as text or as JSON; parsed once, when first asked for JSON."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @cached_property
    def text(self) -> str:
        """The body as text; bytes that are not UTF-8 become U+FFFD."""
        return self.content.decode("utf-8", "replace")

    @cached_property
    def json(self) -> Any:
        """The body's JSON; an empty body is an empty object. Raises `MalformedPayloadError`."""
        if not self.content.strip():
            return {}
        try:
            return parse_json(self.text)
        except ValueError as error:
            raise MalformedPayloadError(f"Invalid JSON in body: {error}") from error

    def find(self, path: str) -> Any:
        """What is at a JSONPath, or `MISSING`. Raises `MalformedPayloadError`, `ValueError` for a path that is none."""
        return compile_path(path)(self.json)

    def text_at(self, path: str) -> str | None:
        """What is at a JSONPath as a parameter takes it: text as it is, objects and lists as JSON; None if missing."""
        found = self.find(path)
        if found is MISSING or found is None:
            return None
        return to_json(found) if isinstance(found, dict | list) else show(found)
