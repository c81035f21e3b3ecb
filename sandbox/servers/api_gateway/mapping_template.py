"""Mapping templates: Velocity with Amazon's variables `$input`, `$util`, `$context` and `$stageVariables`.

Source: "Mapping template variable reference for API Gateway" in the developer guide. A template is compiled once.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar
from urllib.parse import quote_plus, unquote_plus

from airspeed import Template, TemplateError

from sandbox.servers.api_gateway.jsonpath import MISSING
from sandbox.servers.api_gateway.payload import MalformedPayloadError, Payload
from sandbox.servers.api_gateway.velocity_values import VelocityMap, parse_json, show, to_json, velocity
from sandbox.servers.aws.errors import AwsError

# What Apache Commons' escapeJavaScript escapes: quotes of both kinds, backslash, slash, control and non-ASCII.
ESCAPED = re.compile(r"[\\\"'/]|[^ -~]")
SHORT_ESCAPES = {"\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r"}


class TemplateFailedError(AwsError):
    """A template that cannot be read, or that fails on this request."""


class MappingTemplate:
    """A template, ready to be rendered for each request. Raises `TemplateFailedError` when it is no template."""

    def __init__(self, text: str) -> None:
        self._template = _compiled(text)

    def render(self, payload: Payload, params: VelocityMap, context: VelocityMap, variables: Mapping[str, str]) -> str:
        """The text for a body, its parameters (`$input.params()`), `$context` and `$stageVariables`.

        What the template sets in `$context.requestOverride` and `responseOverride` is in `context` afterwards.
        Raises `MalformedPayloadError` where it asks for JSON and the body is none, `TemplateFailedError` otherwise.
        """
        namespace = {
            "input": Input(payload, params),
            "util": UTIL,
            "context": context,
            "stageVariables": VelocityMap(variables),
        }
        try:
            return str(self._template.merge(namespace))
        except TemplateError as error:
            cause = error.__cause__
            if isinstance(cause, MalformedPayloadError):
                raise cause from error
            raise TemplateFailedError(str(error)) from error
        except RecursionError as error:
            raise TemplateFailedError("the template or its input is nested too deeply") from error


@lru_cache(maxsize=256)
def _compiled(text: str) -> Template:
    template = Template(text)
    try:
        template.ensure_compiled()
    except (TemplateError, RecursionError) as error:
        raise TemplateFailedError(f"the mapping template cannot be read: {error}") from error
    return template


class _Variable:
    """A variable with methods. airspeed looks for an item before an attribute, and a miss costs more than the call."""

    NAMES: ClassVar[frozenset[str]]

    def __getitem__(self, name: str) -> Any:
        if name in self.NAMES:
            return getattr(self, name)
        raise KeyError(name)


class Input(_Variable):
    """`$input`: the body and the parameters."""

    NAMES = frozenset(["body", "json", "params", "path"])

    def __init__(self, payload: Payload, params: VelocityMap) -> None:
        self._payload = payload
        self._params = params

    @property
    def body(self) -> str:
        """`$input.body`: the body as text; an empty one is an empty object."""
        return self._payload.text or "{}"

    def json(self, path: str) -> str:
        """`$input.json(path)`: what is there as JSON text; an empty text where nothing is."""
        found = self._payload.find(path)
        return '""' if found is MISSING else to_json(found)

    def path(self, path: str) -> Any:
        """`$input.path(path)`: what is there as an object to go on with."""
        found = self._payload.find(path)
        return "" if found is MISSING else velocity(found)

    def params(self, name: str | None = None) -> Any:
        """`$input.params(name)`: a path, query string or header parameter, sought in this order; all without name."""
        if name is None:
            return self._params
        return next((found[name] for found in dict.values(self._params) if name in found), "")


class Util(_Variable):
    """`$util`."""

    NAMES = frozenset(["base64Decode", "base64Encode", "escapeJavaScript", "parseJson", "urlDecode", "urlEncode"])

    def escapeJavaScript(self, value: Any) -> str:
        """Escape text for a JavaScript string. A single quote becomes \\', which JSON does not know."""
        return ESCAPED.sub(_escape, show(value))

    def parseJson(self, text: str) -> Any:
        """JSON text as an object."""
        return velocity(parse_json(text))

    def urlEncode(self, value: Any) -> str:
        """`application/x-www-form-urlencoded`."""
        return quote_plus(show(value))

    def urlDecode(self, value: Any) -> str:
        """The reverse of urlEncode."""
        return unquote_plus(show(value))

    def base64Encode(self, value: Any) -> str:
        """Base64 of the text a value prints as: of a map that is `{key=value}`."""
        return base64.b64encode(show(value).encode("utf-8", "replace")).decode()

    def base64Decode(self, value: Any) -> str:
        """The text that base64 stands for."""
        try:
            return base64.b64decode(show(value), validate=True).decode("utf-8", "replace")
        except binascii.Error as error:
            raise ValueError("not base64") from error


UTIL = Util()


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    if character in SHORT_ESCAPES:
        return SHORT_ESCAPES[character]
    if " " <= character <= "~":
        return f"\\{character}"
    units = character.encode("utf-16-be", "surrogatepass").hex().upper()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
