"""The pages of the course as their readers see them: headings with GitHub's anchors, links, code blocks and words in
code, of Markdown files and of the Markdown cells of notebooks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from markdown_it.token import Token

from sandbox.settings import ROOT

WALKTHROUGHS = sorted((ROOT / "walkthroughs").glob("[1-6]-*.md"))
MARKDOWN = [
    ROOT / "README.md",
    ROOT / "aws" / "README.md",
    ROOT / "credentials" / "README.md",
    ROOT / "notebooks" / "README.md",
    *sorted((ROOT / "walkthroughs").glob("*.md")),
]
SHELL = {"bash", "sh"}
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@dataclass(frozen=True)
class Block:
    """A code block: its language, empty for what is shown, and its text."""

    language: str
    text: str


@dataclass(frozen=True)
class Page:
    """A Markdown file, or a notebook, of which the Markdown cells count."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        if self.path.suffix != ".ipynb":
            return self.path.read_text(encoding="utf-8")
        cells = nbformat.read(self.path, as_version=4).cells
        return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")

    @cached_property
    def tokens(self) -> list[Token]:
        return MarkdownIt("commonmark").enable("table").parse(self.text)

    @cached_property
    def headings(self) -> list[str]:
        following = zip(self.tokens, self.tokens[1:], strict=False)
        return [inline.content for token, inline in following if token.type == "heading_open"]

    @cached_property
    def anchors(self) -> set[str]:
        """As GitHub makes them of headings: the second of a name ends with -1."""
        found: set[str] = set()
        for heading in self.headings:
            anchor, times = slug(heading), 0
            while (numbered := f"{anchor}-{times}" if times else anchor) in found:
                times += 1
            found.add(numbered)
        return found

    @cached_property
    def links(self) -> list[str]:
        """The addresses of links and pictures."""
        attributes = [(token.attrs.get("href"), token.attrs.get("src")) for token in self._inline()]
        return [str(href or src) for href, src in attributes if href or src]

    @cached_property
    def blocks(self) -> list[Block]:
        return [Block(token.info.strip(), token.content) for token in self.tokens if token.type == "fence"]

    @cached_property
    def code(self) -> list[str]:
        """What stands in backticks."""
        return [token.content for token in self._inline() if token.type == "code_inline"]

    @cached_property
    def shell(self) -> str:
        """All commands, in their order."""
        return "\n".join(block.text for block in self.blocks if block.language in SHELL)

    @cached_property
    def second_headings(self) -> list[str]:
        """The headings of the second level."""
        return re.findall(r"^## (.*)$", self.text, re.MULTILINE)

    @cached_property
    def steps(self) -> list[str]:
        """The numbered headings of the second level."""
        return [heading for heading in self.second_headings if re.match(r"\d+\. ", heading)]

    def section(self, heading: str) -> "Section":
        """What stands below a heading of the second level, up to the next one."""
        found = re.search(rf"^## {re.escape(heading)}$\n(.*?)(?=^## |\Z)", self.text, re.MULTILINE | re.DOTALL)
        assert found, f"{self} has no section {heading!r}"
        return Section(self.path, found[1])

    def _inline(self) -> Iterator[Token]:
        for token in self.tokens:
            yield from token.children or []


@dataclass(frozen=True)
class Section(Page):
    """A part of a page."""

    part: str

    @cached_property
    def text(self) -> str:
        return self.part


def slug(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").replace("*", "")
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")


def pages() -> list[Page]:
    """Every page that a student reads."""
    return [Page(path) for path in [*MARKDOWN, *NOTEBOOKS]]


def walkthroughs() -> list[Page]:
    return [Page(path) for path in WALKTHROUGHS]
