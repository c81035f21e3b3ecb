"""Notebooks as tasks: one run that shows what a run can do, without a cluster."""

from pathlib import Path
from typing import Any

import pytest
import requests
from jobs_process import JobsProcess, eventually, results, task

EXITS = "dbutils.notebook.exit(f\"{dbutils.widgets.get('label')} in {Path.cwd().name}\")"
LEAVES_A_PROCESS = "import subprocess; subprocess.Popen(['sleep', '1000'], start_new_session=True)"
MEETS = """from pathlib import Path; import time
folder, me = Path(dbutils.widgets.get('folder')), dbutils.widgets.get('me')
(folder / me).touch()
until = time.monotonic() + 60
while len(list(folder.glob('meet-*'))) < 2:
    assert time.monotonic() < until, 'the other one does not run beside this one'
    time.sleep(0.05)"""
FLAKY = """from pathlib import Path
seen = Path(dbutils.widgets.get('folder')) / 'seen'
again = seen.exists(); seen.touch()
assert again, 'the first attempt fails'"""


@pytest.fixture(scope="module")
def done(jobs: JobsProcess, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The run, ended: load, then pin beside geo; flaky with a retry; bad, and query after it."""
    folder = {"folder": str(tmp_path_factory.mktemp("meeting"))}
    jobs.write("exits", "from pathlib import Path", LEAVES_A_PROCESS, EXITS, "raise RuntimeError('not reached')")
    jobs.write("meets", MEETS)
    jobs.write("flaky", FLAKY)
    jobs.write("bad", "print('before')", "rows = 0\n1 / rows", "print('not reached')")
    run_id = jobs.submit(
        task("load", "/exits", parameters={"label": "{{task.name}}"}),
        task("pin", "/meets", "load", parameters={**folder, "me": "meet-pin"}),
        task("geo", "/meets", "load", parameters={**folder, "me": "meet-geo"}),
        task("flaky", "/flaky", parameters=folder, max_retries=2),
        task("bad", "/bad"),
        task("query", "/exits", "bad", "pin"),
        run_name="pinterest",
    )
    return jobs.ended(run_id)


def attempts(run: Any, key: str) -> list[Any]:
    return [attempt for attempt in run.tasks if attempt.task_key == key]


def output(jobs: JobsProcess, run: Any, key: str) -> Any:
    return jobs.workspace.jobs.get_run_output(attempts(run, key)[-1].run_id)


def test_each_task_ends_as_its_notebook_and_its_dependencies_say(done: Any) -> None:
    succeeded = dict.fromkeys(("load", "pin", "geo", "flaky"), "SUCCESS")
    assert results(done) == {**succeeded, "bad": "FAILED", "query": "UPSTREAM_FAILED"}
    assert (done.state.life_cycle_state.value, done.state.result_state.value) == ("TERMINATED", "FAILED")
    assert done.state.state_message.startswith("Task bad failed with message: Workload failed, see run output")


def test_parameters_arrive_as_widgets_and_exit_is_the_result(jobs: JobsProcess, done: Any) -> None:
    shown = output(jobs, done, "load")
    assert (shown.notebook_output.result, shown.error) == ("load in my notebooks", None)
    assert shown.metadata.tasks[0].notebook_task.base_parameters == {"label": "load"}


def test_no_cell_of_injected_parameters_is_in_the_executed_notebook(jobs: JobsProcess, done: Any) -> None:
    executed = jobs.state / "notebooks" / str(attempts(done, "pin")[0].run_id) / "notebook.ipynb"
    assert "injected-parameters" not in executed.read_text()


def test_the_failing_cell_is_the_error_of_its_task(jobs: JobsProcess, done: Any) -> None:
    shown = output(jobs, done, "bad")
    assert shown.error == "ZeroDivisionError: division by zero"
    assert "----> 2 1 / rows" in shown.error_trace


def test_a_retry_is_an_attempt_with_a_run_id_of_its_own(done: Any) -> None:
    first, second = attempts(done, "flaky")
    assert [(first.attempt_number, first.state.result_state.value), second.attempt_number] == [(0, "FAILED"), 1]
    assert first.run_id != second.run_id and first.start_time <= second.start_time


def test_nothing_that_a_notebook_has_started_outlives_it(jobs: JobsProcess, done: Any) -> None:
    assert jobs.processes() == []


def test_the_pages_show_the_tasks_and_the_executed_notebook_with_its_failing_cell(jobs: JobsProcess, done: Any) -> None:
    page = requests.get(done.run_page_url, timeout=5).text
    assert all(key in page for key in ("load", "pin", "geo", "flaky", "bad", "query", "UPSTREAM_FAILED"))
    url = attempts(done, "bad")[0].run_page_url
    of_task = requests.get(url, timeout=5)
    assert (
        "ZeroDivisionError: division by zero" in of_task.text
        and f"{url.partition('/jobs')[2]}/notebook" in of_task.text
    )
    notebook = requests.get(f"{url}/notebook", timeout=60)
    assert "celltag_failed" in notebook.text and "papermill-error-cell" in notebook.text
    assert "default-src 'none'" in notebook.headers["Content-Security-Policy"]


def test_a_token_that_a_notebook_prints_is_blotted_out(jobs: JobsProcess) -> None:
    path = jobs.write("prints", "import os; dbutils.notebook.exit(os.environ['DATABRICKS_TOKEN'])")
    run = jobs.ended(jobs.submit(task("prints", path)))
    url = run.tasks[0].run_page_url
    pages = [requests.get(address, timeout=60).text for address in (url, f"{url}/notebook")]
    assert ["[REDACTED]" in page and jobs.environment["DATABRICKS_TOKEN"] not in page for page in pages] == [True, True]


def test_cancel_ends_a_run_and_all_its_processes(jobs: JobsProcess, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    path = jobs.write("sleeps", LEAVES_A_PROCESS, f"import time; open({str(begun)!r}, 'w'); time.sleep(1000)")
    run_id = jobs.submit(task("sleeps", path, max_retries=5), task("next", path, "sleeps"))
    eventually(begun.exists, "the notebook runs")
    jobs.workspace.jobs.cancel_run(run_id)
    run = jobs.ended(run_id)
    assert (run.state.result_state.value, run.state.state_message) == ("CANCELED", "Run cancelled.")
    assert results(run) == {"sleeps": "CANCELED", "next": "CANCELED"}
    assert jobs.processes() == []
