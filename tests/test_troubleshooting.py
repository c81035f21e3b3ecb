"""What the troubleshooting page quotes of our own programs is what they say."""

import ast
import re
from functools import cache

import pytest
from markdown_pages import Page

from sandbox.settings import ROOT

PAGE = Page(ROOT / "walkthroughs" / "troubleshooting.md")
OURS = ("sandbox", "lib", "dags", "deployment")
# Where a row's text is said: a command, a notebook or a class of ours.
BY_US = re.compile(
    r"`(sandbox|streaming-|make |load_data|clean_|write_stream|check_parity|RDSDB)"
    r"|the job notebooks|^the same$|^a check$|^the \w+ cell$"
)
# What our commands pass on of others.
OF_OTHERS = ("JSON serializable", "insecure transport", "ExpiredToken")


def rows() -> list[list[str]]:
    """The rows of the tables that have a text in their first column."""
    cells = [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in PAGE.text.splitlines() if line.startswith("| ")]
    return [row for row in cells if row[0].startswith("`") and len(row) == 4]


def quoted() -> list[str]:
    texts = [text for row in rows() if BY_US.search(row[1]) for text in code(row[0])]
    return [text for text in texts if not any(word in text for word in OF_OTHERS)]


def code(cell: str) -> list[str]:
    """What stands in backticks, two of them where the text has some itself."""
    return [double.strip() or single for double, single in re.findall(r"``(.+?)``(?!`)|`([^`]+)`", cell)]


@cache
def said() -> list[str]:
    """Every text in our programs; what is put into one is a gap."""
    trees = [ast.parse(path.read_text()) for folder in OURS for path in sorted((ROOT / folder).rglob("*.py"))]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    whole = ["".join(map(_part, node.values)) for node in nodes if isinstance(node, ast.JoinedStr)]
    return [*whole, *(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))]


def _part(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else "\0"


def test_the_page_quotes_many_of_our_own_texts() -> None:
    assert len(quoted()) > 30


@pytest.mark.parametrize("text", quoted())
def test_a_text_of_ours_is_quoted_word_for_word(text: str) -> None:
    pieces = [piece.strip() for piece in text.split("...") if len(piece.strip()) > 3]
    assert pieces
    assert any(all(piece in known for piece in pieces) for known in said()), text


def test_every_row_says_what_where_why_and_how_to_mend() -> None:
    tables = [line for line in PAGE.text.splitlines() if line.startswith("| ")]
    assert {len(re.split(r"(?<!\\) \| ", line.strip("| "))) for line in tables} == {4}
