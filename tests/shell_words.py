"""The commands of a shell script as words, for a look at them without running them."""

import re
import shlex
from collections.abc import Iterator

_HEREDOC = re.compile(r"<< *'?(\w+)'?(?P<rest>[^\n]*)\n(?P<text>.*?)\n\1(?=\n|\Z)", re.DOTALL)
_FILE = re.compile(r"cat > (\S+) << *'?(\w+)'?\n(.*?)\n\2(?=\n|\Z)", re.DOTALL)


def written_files(script: str) -> dict[str, str]:
    """The files that a script writes as here-documents, by their names; variables stay as they are."""
    return {name: text.replace("\\$", "$") for name, _, text in _FILE.findall(script)}


def commands(script: str, program: str) -> Iterator[list[str]]:
    """The words of every call of a program, wherever in the script it stands: also in `$(...)` and in a condition.

    A `$(...)` within a word is part of the word; what is in it is found as a call of its own.
    """
    plain = _HEREDOC.sub(lambda found: found["rest"], script).replace("\\\n", " ")
    plain = "\n".join(line for line in plain.splitlines() if not line.lstrip().startswith("#"))
    for found in re.finditer(rf"(?<![\w./$-]){re.escape(program)}(?= )", plain):
        yield shlex.split(re.sub(r"\$\([^()]*\)", "SUBSTITUTED", _command(plain, found.start())), comments=True)


def _command(text: str, start: int) -> str:
    """The text of one command: to the end of its line, or what ends it before, outside of quotes and brackets."""
    quote, depth = "", 0
    for place in range(start, len(text)):
        character = text[place]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"" and text[place - 1] != "\\":
            quote = character
        elif character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
        if depth < 0 or (not quote and not depth and character in "\n|;<>&"):
            return re.sub(r" \d$", "", text[start:place])
    return text[start:]
