"""Lists in pages, as every list of the service: `limit` (25 unless given, at most 500) and `position`."""

from __future__ import annotations

from typing import Any

from sandbox.servers.aws.errors import BadRequestError

DEFAULT_LIMIT, MAX_LIMIT = 25, 500


def page(items: list[dict[str, Any]], params: dict[str, Any], key: str = "id") -> dict[str, Any]:
    """One page of `items`, and the `position` after it if there is more. A position is the last item's `key`.

    Raises `BadRequestError` for a limit out of range or a position that is none.
    """
    limit = params.get("limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise BadRequestError(f"Invalid value for limit: {limit}; it must be between 1 and {MAX_LIMIT}")
    start = _start(items, params.get("position"), key)
    shown = items[start : start + limit]
    more = start + limit < len(items)
    return {"items": shown, **({"position": shown[-1][key]} if more else {})}


def _start(items: list[dict[str, Any]], position: str | None, key: str) -> int:
    if position is None:
        return 0
    for index, item in enumerate(items):
        if item[key] == position:
            return index + 1
    raise BadRequestError("Invalid position parameter")
