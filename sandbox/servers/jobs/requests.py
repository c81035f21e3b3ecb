"""What a call brings: its arguments, read into a type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from starlette.requests import Request

from sandbox.servers.jobs.errors import ApiError, invalid

T = TypeVar("T")

Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
# Seconds or milliseconds: up to some thirty years of seconds.
Duration = Annotated[int, msgspec.Meta(ge=0, le=10**9)]


async def arguments_of(request: Request) -> dict[str, Any]:
    """The arguments of a call: those of the query, then those of the JSON body, which some clients send with GET too.

    Raises:
        ApiError: the body is no JSON object.
    """
    body = await request.body()
    try:
        given = msgspec.json.decode(body) if body else {}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ApiError(400, "MALFORMED_REQUEST", f"The body is no JSON: {error}.") from error
    if not isinstance(given, dict):
        raise ApiError(400, "MALFORMED_REQUEST", "The body is no JSON object.")
    return {**request.query_params, **without_nulls(given)}


def without_nulls(value: Any) -> Any:
    """The same without null members: clients send them for what they leave out."""
    if isinstance(value, dict):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nulls(member) for member in value]
    return value


def converted(arguments: Mapping[str, Any], kind: type[T]) -> T:
    """The arguments as a type; numbers may come as text, as the service takes them.

    Raises:
        ApiError: one is missing or malformed.
    """
    try:
        return msgspec.convert(arguments, kind, strict=False)
    except msgspec.ValidationError as error:
        raise invalid(f"{error}.") from error
