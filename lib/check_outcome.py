"""What came of a check, and how a reader sees it in Jupyter, on Databricks and in a terminal."""

from __future__ import annotations

import importlib
import os
import re
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

WALKTHROUGHS = Path(__file__).resolve().parent.parent / "walkthroughs"
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a check.

    Attributes:
        id: the check's number, e.g. `4.2`.
        title: what it checks.
        passed: whether that is so.
        hint: what to look at; empty if it passed.
        step: the step of the walkthrough that tells more, e.g. `2-msk-to-s3.md#check`.
    """

    id: str
    title: str
    passed: bool
    hint: str
    step: str

    def _ipython_display_(self) -> None:
        """Nothing, where it is a cell's last value: `check` has shown it."""


class OutcomeCard:
    """An outcome as a reader sees it: a tick or a cross, the title, the hint and a link to the walkthrough."""

    def __init__(self, outcome: Outcome, folder: Path | None = None) -> None:
        """Links are relative to `folder`; the working directory is that of the notebook in Jupyter."""
        self._outcome = outcome
        self._folder = folder or Path.cwd()
        self._headline = f"{'✓' if outcome.passed else '✗'} {outcome.id} {outcome.title}"

    @property
    def link(self) -> str:
        """The path from the notebook to the step of the walkthrough."""
        return quote(Path(os.path.relpath(WALKTHROUGHS / self._outcome.step, self._folder)).as_posix(), safe="/#")

    def __repr__(self) -> str:
        """The outcome in plain text; a failed one with its hint and the walkthrough's step."""
        if self._outcome.passed:
            return self._headline
        return f"{self._headline}\n  {self._outcome.hint}\n  See walkthroughs/{self._outcome.step}"

    def _repr_markdown_(self) -> str:
        if self._outcome.passed:
            return f"**{self._headline}**"
        return f"**{self._headline}**\n\n{self._outcome.hint}\n\n[The step in the walkthrough]({self.link})"

    def _repr_html_(self) -> str:
        colour = "#1a7f37" if self._outcome.passed else "#b42318"
        rest = "" if self._outcome.passed else self._advice()
        headline = f'<strong style="color:{colour}">{_html(self._headline)}</strong>'
        return f'<div style="border-left:4px solid {colour};padding:2px 10px">{headline}{rest}</div>'

    def _advice(self) -> str:
        return f'<br>{_html(self._outcome.hint)}<br><a href="{escape(self.link)}">The step in the walkthrough</a>'


def show(outcome: Outcome) -> None:
    """Show an outcome: as HTML where IPython runs, as text elsewhere."""
    card = OutcomeCard(outcome)
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        importlib.import_module("IPython.display").display(card)
    else:
        sys.stdout.write(f"{card!r}\n")


def _html(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False)).replace("\n", "<br>")
