"""A page of a listing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")


def page(
    items: Iterable[_Item], name: Callable[[_Item], str], after: str | None, size: int
) -> tuple[list[_Item], bool]:
    """The first `size` items whose name comes after another one, and whether there are more of them.

    Args:
        items: in the order of their names.
    """
    wanted = [item for item in items if after is None or name(item) > after]
    return wanted[:size], len(wanted) > size
