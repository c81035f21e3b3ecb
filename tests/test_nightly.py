"""`make nightly`: the job notebooks in their order, with no scheduler."""

from datetime import date
from pathlib import Path

import nbformat
import pytest
from rich.console import Console

from sandbox.run import nightly
from sandbox.run.jobs import NotebookFailedError, failing_cell
from sandbox.settings import Settings

DAY = date(2026, 3, 1)
PARAMETERS = 'logical_date = ""'


def notebook(path: Path, *cells: str) -> None:
    """A notebook with these code cells, the first with the parameters."""
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (PARAMETERS, *cells)])
    made.cells[0].metadata["tags"] = ["parameters"]
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, path)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A sandbox that never ran, and its job notebooks: two, the first notes its date, the second fails on request."""
    jobs = tmp_path / "jobs"
    jobs.mkdir()
    monkeypatch.setattr(nightly, "NOTEBOOKS", jobs)
    monkeypatch.setattr(nightly, "STEPS", (("first",), ("second", "third")))
    for name in ("first", "second", "third"):
        notebook(jobs / f"{name}.ipynb", "print(logical_date)")
    return Settings(home=tmp_path / "home", port_base=32_000)


def test_the_notebooks_run_in_their_order_and_are_kept_with_their_date(settings: Settings) -> None:
    console = Console(record=True, width=100)
    outputs = nightly.run_nightly(console, settings, DAY)
    assert outputs == settings.home / "reports" / "nightly" / "2026-03-01"
    assert [line.split()[0] for line in console.export_text().splitlines()] == ["first", "second", "third"]
    for name in ("first", "second", "third"):
        cells = nbformat.read(outputs / f"{name}.ipynb", as_version=4).cells
        assert cells[-1].outputs[0].text == "2026-03-01\n"


def test_a_failing_cell_ends_the_night_with_its_own_message(settings: Settings) -> None:
    """Its number is the executed notebook's, where papermill has put the parameters into a cell of their own."""
    notebook(nightly.NOTEBOOKS / "second.ipynb", "raise RuntimeError('the lake is dry')")
    with pytest.raises(NotebookFailedError, match="second failed at cell 3: RuntimeError: the lake is dry") as failure:
        nightly.run_nightly(Console(quiet=True), settings, DAY)
    outputs = settings.home / "reports" / "nightly" / "2026-03-01"
    assert failing_cell(outputs / "second.ipynb") == "RuntimeError: the lake is dry"
    assert not (outputs / "third.ipynb").exists()
    assert "make nightly DATE=2026-03-01" in failure.value.mend


@pytest.mark.sandbox
@pytest.mark.full
def test_a_second_night_adds_nothing_and_the_command_tells_where_the_notebooks_are(sandbox) -> None:
    sandbox.command("run", "--rows", "500", "--seed", "3")
    shown = sandbox.command("nightly", "--date", "2026-03-01").stdout
    executed = sandbox.settings.home / "reports" / "nightly" / "2026-03-01"
    assert str(executed) in shown
    assert {path.stem for path in executed.glob("*.ipynb")} == {name for step in nightly.STEPS for name in step}
    again = sandbox.command("nightly", "--date", "2026-03-02")
    assert again.returncode == 0
