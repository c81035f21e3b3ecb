"""Lists in pages, as every list of both services: at most `maxResults` items, and a token if there are more."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sandbox.servers.aws.errors import BadRequestError

MAX_RESULTS = 100


def page(items: list[dict[str, Any]], arn: str, size: int | None, token: str | None) -> tuple[list[Any], str | None]:
    """The items after a token, and the next token. A token holds until the item that it names is gone, and after.

    Args:
        items: shown in the order of their `creationTime`, then ARN.
        arn: the field that holds an item's ARN.
        size: at most so many items; None for the most that the service gives.
        token: as the page before gave it; None for the first page.

    Raises:
        BadRequestError: the token is none of ours.
    """
    after = _read(token) if token is not None else ("", "")
    rest = [item for item in _in_order(items, arn) if (item["creationTime"], item[arn]) > after]
    shown = rest[: size or MAX_RESULTS]
    more = len(rest) > len(shown)
    return shown, _write(shown[-1]["creationTime"], shown[-1][arn]) if more else None


def _in_order(items: list[dict[str, Any]], arn: str) -> list[dict[str, Any]]:
    return sorted(items, key=lambda item: (item["creationTime"], item[arn]))


def _write(time: str, arn: str) -> str:
    return base64.urlsafe_b64encode(f"{time} {arn}".encode()).decode()


def _read(token: str) -> tuple[str, str]:
    try:
        time, arn = base64.urlsafe_b64decode(token.encode()).decode().split(" ")
    except (binascii.Error, ValueError) as error:
        raise BadRequestError("The nextToken value isn't valid.") from error
    return time, arn
