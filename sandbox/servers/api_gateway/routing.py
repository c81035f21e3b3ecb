"""Which resource a path belongs to: a fixed part beats a `{name}`, a `{name}` beats a `{name+}`.

Trailing slashes do not matter to fixed parts; `{name+}` takes what is left of the path as it stands.
A resource without methods is no target, so that a `{proxy+}` above it still answers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

Target = TypeVar("Target")


@dataclass
class _Node(Generic[Target]):
    fixed: dict[str, _Node[Target]] = field(default_factory=dict)
    variable: tuple[str, _Node[Target]] | None = None
    greedy: tuple[str, Target] | None = None
    target: Target | None = None


@dataclass(frozen=True)
class Match(Generic[Target]):
    """A target, and the text of its path parameters as the client wrote it (still percent-encoded)."""

    target: Target
    parameters: dict[str, str]


class Router(Generic[Target]):
    """Routes of one deployed API, compiled once."""

    def __init__(self, targets: dict[str, Target]) -> None:
        self._root: _Node[Target] = _Node()
        for path, target in targets.items():
            self._add(path, target)

    def _add(self, path: str, target: Target) -> None:
        node = self._root
        for part in filter(None, path.split("/")):
            if part.endswith("+}"):
                node.greedy = (part[1:-2], target)
                return
            node = self._child(node, part)
        node.target = target

    def _child(self, node: _Node[Target], part: str) -> _Node[Target]:
        if not part.startswith("{"):
            return node.fixed.setdefault(part, _Node())
        if node.variable is None:
            node.variable = (part[1:-1], _Node())
        return node.variable[1]

    def match(self, path: str) -> Match[Target] | None:
        """The most specific route of a raw path (`/topics/a%20b`), or None."""
        parts = path.split("/")[1:]
        return self._search(self._root, parts, 0)

    def _search(self, node: _Node[Target], parts: list[str], at: int) -> Match[Target] | None:
        if all(not part for part in parts[at:]):
            return None if node.target is None else Match(node.target, {})
        return self._fixed(node, parts, at) or self._variable(node, parts, at) or self._greedy(node, parts, at)

    def _fixed(self, node: _Node[Target], parts: list[str], at: int) -> Match[Target] | None:
        child = node.fixed.get(unquote(parts[at]))
        return None if child is None else self._search(child, parts, at + 1)

    def _variable(self, node: _Node[Target], parts: list[str], at: int) -> Match[Target] | None:
        if node.variable is None or not parts[at]:
            return None
        name, child = node.variable
        found = self._search(child, parts, at + 1)
        return None if found is None else Match(found.target, {name: parts[at], **found.parameters})

    def _greedy(self, node: _Node[Target], parts: list[str], at: int) -> Match[Target] | None:
        if node.greedy is None:
            return None
        name, target = node.greedy
        return Match(target, {name: "/".join(parts[at:])})
