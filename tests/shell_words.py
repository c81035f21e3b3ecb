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
        yield shlex.split(_command(plain, found.start()), comments=True)


def _command(text: str, place: int) -> str:
    """The text of one command: to the end of its line, or what ends it before; each `$(...)` in it is one word."""
    told = ""
    while place < len(text) and text[place] not in "\n|;<>&)":
        after = _after(text, place)
        told, place = told + re.sub(r"\$\(.*\)", "SUBSTITUTED", text[place:after], flags=re.DOTALL), after
    return re.sub(r" \d$", "", told)


def _after(text: str, place: int) -> int:
    """The place after the character, the quoted text or the bracket that begins here."""
    if text[place] == "\\":
        return place + 2
    if text[place] == "'":
        return text.index("'", place + 1) + 1
    if text[place] == '"' or text.startswith("$(", place):
        end = '"' if text[place] == '"' else ")"
        place += 1 if end == '"' else 2
        while text[place] != end:
            # Within double quotes a single one is a letter.
            place = place + 1 if end == '"' and text[place] == "'" else _after(text, place)
        return place + 1
    return place + 1
