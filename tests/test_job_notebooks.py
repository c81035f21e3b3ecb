"""The job notebooks: their form, how parameters reach them, and that what they call runs on Databricks too."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from landing import USER_ID

from lib.entities import ENTITIES
from lib.errors import SettingsError
from lib.notebook import Parameters, overlay
from lib.stream_job import AVAILABLE_NOW
from lib.tables import TableMissingError, Tables
from sandbox.data.files import write_json_lines

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks" / "jobs").glob("*.ipynb"))
ETL = ("load_data", "clean_pin", "clean_geo", "clean_user", "query_data")
BATCH = [path for path in NOTEBOOKS if path.stem in ETL]
FORBIDDEN = {
    *("cache", "persist", "checkpoint", "rdd", "sparkContext", "toJSON"),
    *("createGlobalTempView", "createOrReplaceGlobalTempView", "input", "getpass"),
}


class Widgets:
    """Widgets as Databricks has them: what a job has set stays when a notebook declares its default."""

    def __init__(self, **given: str) -> None:
        self.values = dict(given)

    def text(self, name: str, default: str) -> None:
        self.values.setdefault(name, default)

    def get(self, name: str) -> str:
        return self.values[name]


class DBUtils:
    """The part of `dbutils` that the job notebooks use."""

    def __init__(self, **given: str) -> None:
        self.widgets = Widgets(**given)


def lib_modules() -> Iterator[Path]:
    """Every module of `lib` that a job notebook imports, directly or not."""
    waiting, seen = ["lib.jobs", "lib.notebook", "lib.landing_zone", "lib.stream_job", "lib.parity"], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        path = ROOT / f"{name.replace('.', '/')}.py"
        yield path
        waiting += [imported for imported in imports(path) if imported.startswith("lib.")]


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


def code_cells(path: Path) -> list[Any]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_parameters_show_what_is_set_a_line_each() -> None:
    parameters = Parameters(catalog="c", schema="s", max_quarantine_share="", mode="", region="")
    assert repr(parameters) == "Parameters(\n    catalog='c',\n    schema='s',\n    access_mode='direct',\n)"


def test_the_job_notebooks_are_the_steps_of_the_etl_and_the_stream() -> None:
    assert {path.stem for path in NOTEBOOKS} == {*ETL, "write_stream_data"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_job_notebook_is_valid_stripped_and_names_a_kernel(path: Path) -> None:
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    assert not any(cell.outputs or cell.execution_count for cell in notebook.cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_job_notebook_opens_with_what_runs_it(path: Path) -> None:
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ") and "**Run by**" in first.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_papermill_finds_every_parameter_with_its_help(path: Path) -> None:
    found = papermill.inspect_notebook(path)
    assert {"catalog", "schema", "logical_date"} <= set(found)
    assert set(found) <= set(Parameters.__dataclass_fields__)
    assert all(parameter["help"] for parameter in found.values())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_parameter_is_overlaid_with_its_widget(path: Path) -> None:
    (cell,) = [cell for cell in code_cells(path) if "overlay(" in cell.source]
    (call,) = [
        node
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, ast.Call) and is_name(node.func, "overlay")
    ]
    assert {keyword.arg for keyword in call.keywords} == set(papermill.inspect_notebook(path))


def is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


@pytest.mark.parametrize("path", BATCH, ids=lambda path: path.stem)
def test_the_job_is_one_import_and_one_call(path: Path) -> None:
    imported, shown = ast.parse(code_cells(path)[-1].source).body
    assert isinstance(imported, ast.ImportFrom) and imported.module == "lib.jobs"
    assert isinstance(shown, ast.Expr) and isinstance(shown.value, ast.Call) and is_name(shown.value.func, "display")


def test_a_widget_beats_the_parameters_cell_and_the_cell_holds_the_defaults() -> None:
    job = DBUtils(schema="of_the_job")
    parameters = overlay(job, catalog="of_the_cell", schema="of_the_cell", logical_date="")
    assert parameters == Parameters(catalog="of_the_cell", schema="of_the_job")


def test_a_name_that_no_job_knows_is_an_error() -> None:
    with pytest.raises(SettingsError, match="no parameter shcema"):
        overlay(DBUtils(), catalog="c", shcema="misspelt")


@pytest.mark.parametrize("share", ["", "5%", "-0.1", "1.5", "nan"])
def test_a_share_that_is_none_is_an_error(share: str) -> None:
    with pytest.raises(SettingsError, match=r"max_quarantine_share is .* a number from 0 to 1"):
        _ = Parameters(catalog="c", schema="s", max_quarantine_share=share).quarantine_limit


def test_an_empty_parameter_is_an_error_that_says_where_to_get_it() -> None:
    with pytest.raises(SettingsError, match=r"raw_path is empty.*sandbox env"):
        Parameters(catalog="c", schema="s", user_id=USER_ID).require("raw_path", "user_id")


@pytest.mark.parametrize("path", sorted(lib_modules()), ids=lambda path: path.stem)
def test_what_a_job_calls_imports_pyspark_and_the_standard_library_only(path: Path) -> None:
    allowed = {"pyspark", "lib", *sys.stdlib_module_names}
    assert {name.split(".")[0] for name in imports(path)} <= allowed


@pytest.mark.parametrize("path", sorted(lib_modules()), ids=lambda path: path.stem)
def test_what_a_job_calls_uses_nothing_that_serverless_lacks(path: Path) -> None:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert not (used | {node.id for node in nodes if isinstance(node, ast.Name)}) & FORBIDDEN


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_job_notebook_uses_nothing_that_serverless_lacks(path: Path) -> None:
    nodes = list(ast.walk(ast.parse("\n".join(cell.source for cell in code_cells(path)))))
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert not (used | {node.id for node in nodes if isinstance(node, ast.Name)}) & FORBIDDEN


def test_the_stream_takes_what_is_there_and_ends_unless_told_otherwise() -> None:
    """Serverless knows the trigger `availableNow` only."""
    (stream,) = [path for path in NOTEBOOKS if path.stem == "write_stream_data"]
    assert papermill.inspect_notebook(stream)["mode"]["default"] == f'"{AVAILABLE_NOW}"'
    assert Parameters(catalog="c", schema="s").mode == AVAILABLE_NOW


def run(notebook: str, spark: Any, **parameters: str) -> list[Any]:
    """Run a notebook's cells as a job does whose parameters arrive as widgets; the rows that it displays."""
    shown: list[Any] = []
    names = {"spark": spark, "dbutils": DBUtils(**parameters), "display": lambda frame: shown.extend(frame.collect())}
    for cell in code_cells(ROOT / "notebooks" / "jobs" / f"{notebook}.ipynb"):
        exec(cell.source, names)
    return [tuple(row) for row in shown]


@pytest.mark.sandbox
def test_a_job_takes_its_parameters_from_widgets(spark: Any, tables: Tables, tmp_path: Path) -> None:
    rows, objects = 300, 6
    topics = write_json_lines(tmp_path, rows, 1, USER_ID, records_per_object=50)
    where = {"catalog": tables.catalog, "schema": tables.schema}
    loaded = run("load_data", spark, **where, raw_path=f"file://{topics}", user_id=USER_ID)
    assert loaded == [(entity.name, objects, objects, rows, 0) for entity in ENTITIES]
    assert run("clean_user", spark, **where) == [("user", rows, rows, 0, 0, 0)]
    assert tables.known("user").count() == rows


@pytest.mark.sandbox
def test_a_job_whose_turn_has_not_come_says_which_runs_before(spark: Any, tables: Tables) -> None:
    with pytest.raises(TableMissingError, match="load_data, clean_pin"):
        run("clean_pin", spark, catalog=tables.catalog, schema=tables.schema)
