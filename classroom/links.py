"""Relative links and pictures of a Markdown cell, for a notebook that moves to another folder."""

import os
import re
from collections.abc import Collection
from pathlib import Path

# [text](target "title") and ![alt](target), <img src="target"> and <a href="target">, [name]: target
TARGETS = re.compile(
    r"""(?P<before>\]\(\s*<?|\b(?:src|href)=["']|^\[[^\]]+\]:\s+<?)(?P<target>[^\s)>"']+)""", re.MULTILINE
)
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:|[/#]", re.IGNORECASE)


def moved(text: str, old: Path, new: Path, along: Collection[str] = ()) -> str:
    """The text with each relative target as it is seen from the folder `new`, where it was seen from `old`.

    Args:
        along: names of files that move to `new` as well, so that links to them stay as they are.
    """
    pieces = CODE.split(text)
    prose = [TARGETS.sub(lambda found: target(found, old, new, along), piece) for piece in pieces[::2]]
    pieces[::2] = prose
    return "".join(pieces)


def target(found: re.Match[str], old: Path, new: Path, along: Collection[str]) -> str:
    """One link, moved."""
    path, mark, anchor = found["target"].partition("#")
    if ABSOLUTE.match(found["target"]) or path in along:
        return found[0]
    relative = Path(os.path.relpath(old / path, new)).as_posix()
    slash = "/" if path.endswith("/") else ""
    return f"{found['before']}{relative}{slash}{mark}{anchor}"
