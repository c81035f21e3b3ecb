"""Which media type a request has and which one its answer gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from sandbox.servers.api_gateway.invocation import Invocation

JSON = "application/json"
Template = TypeVar("Template")


def media_type(invocation: Invocation) -> str:
    """The request's media type in lower case, without parameters; a request without one is taken for JSON."""
    return (invocation.header("content-type") or JSON).partition(";")[0].strip().lower()


def accepted(templates: Mapping[str, Template], invocation: Invocation) -> tuple[str, Template | None]:
    """Media type and template of the answer: the one the client accepts, else JSON's, else the first, if any."""
    wanted = invocation.header("accept") or JSON
    kind = next((kind for kind in (wanted, JSON, *templates) if kind in templates), JSON)
    return kind, templates.get(kind)
