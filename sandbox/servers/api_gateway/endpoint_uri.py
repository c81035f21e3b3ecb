"""The `uri` of an HTTP integration: `{name}` is a mapped path parameter, `${stageVariables.name}` a stage variable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from yarl import URL

from sandbox.servers.api_gateway.gateway_responses import API_CONFIGURATION_ERROR, Refused

STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
PLACEHOLDER = re.compile(r"\{([a-zA-Z0-9._:-]+)\+?\}")


def in_stage(text: str, variables: Mapping[str, str]) -> str:
    """A text with the stage's variables put in; one that the stage lacks is empty."""
    return STAGE_VARIABLE.sub(lambda match: variables.get(match[1], ""), text)


class EndpointUri:
    """A `uri` in a stage with its variables."""

    def __init__(self, uri: str, variables: Mapping[str, str]) -> None:
        self._pieces = PLACEHOLDER.split(in_stage(uri, variables))  # text, name, text, name, ..., text

    def fill(self, values: Mapping[str, str | None], query: str) -> URL:
        """The address with path parameters as the client wrote them, percent signs and all, and a query string.

        Raises `Refused` with 500 when a placeholder has no value or the address is none.
        """
        text = self._pieces[0]
        for name, following in zip(self._pieces[1::2], self._pieces[2::2], strict=True):
            value = values.get(name)
            if value is None:
                raise _invalid()
            text += _escaped(value) + following
        if query:
            text += ("&" if "?" in text else "?") + _escaped(query)
        try:
            return URL(text, encoded=True)
        except ValueError as error:
            raise _invalid() from error


def _invalid() -> Refused:
    return Refused(API_CONFIGURATION_ERROR, "Execution failed due to configuration error: Invalid endpoint address")


def _escaped(text: str) -> str:
    """The client's bytes (read as Latin-1) as they were, but for those that no URL may hold."""
    return quote(text, safe="/%:@!$&'()*+,;=~?[]|{}^`\\\"<>", encoding="latin-1", errors="replace")
