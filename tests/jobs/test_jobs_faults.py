"""What can happen to a run: timeouts, cancels, a full job, and a service that is killed or stopped in the middle."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from databricks.sdk.service.jobs import NotebookTask, QueueSettings, Task
from jobs_process import JobsProcess, eventually, results, task

from sandbox.servers.jobs.marked_processes import end_marked

pytestmark = pytest.mark.full

SLEEPS = "import time; open(dbutils.widgets.get('begun'), 'a').write('x'); time.sleep(1000)"
FAILS_ONCE = "import time; f = open(dbutils.widgets.get('begun'), 'a+'); f.write('x'); f.close()\n"
SLEEPS_ONCE = FAILS_ONCE + "len(open(dbutils.widgets.get('begun')).read()) > 1 or time.sleep(1000)"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[JobsProcess]:
    """A service that a test may kill."""
    process = JobsProcess(tmp_path / "own")
    process.write("sleeps", SLEEPS)
    process.write("sleeps once", SLEEPS_ONCE)
    process.write("quick", "1")
    yield process
    process.kill()
    end_marked(f"{process.state}:")


@pytest.fixture
def begun(tmp_path: Path) -> dict[str, str]:
    """The parameter that names the file in which a notebook tells that it runs."""
    return {"begun": str(tmp_path / "begun")}


def wait_for(begun: dict[str, str]) -> None:
    eventually(Path(begun["begun"]).exists, "the notebook runs")


def state(run: Any) -> tuple[str, str]:
    return run.state.life_cycle_state.value, run.state.result_state.value


def test_a_task_that_takes_too_long_is_ended_and_retried_only_if_it_may(
    own: JobsProcess, begun: dict[str, str]
) -> None:
    slow = task("slow", "/sleeps", parameters=begun, timeout_seconds=8, max_retries=1, retry_on_timeout=True)
    run = own.ended(own.submit(slow))
    assert [attempt.state.result_state.value for attempt in run.tasks] == ["TIMEDOUT", "TIMEDOUT"]
    assert state(run) == ("TERMINATED", "FAILED") and "Timed out after 8 seconds" in run.state.state_message
    assert own.processes() == []


def test_a_run_that_takes_too_long_is_ended_whole(own: JobsProcess, begun: dict[str, str]) -> None:
    run_id = own.submit(task("slow", "/sleeps", parameters=begun), task("next", "/quick", "slow"), timeout_seconds=6)
    run = own.ended(run_id)
    assert state(run) == ("TERMINATED", "TIMEDOUT")
    assert set(results(run).values()) == {"TIMEDOUT"}
    assert own.processes() == []


def test_one_task_can_be_cancelled_and_the_others_go_on(own: JobsProcess, begun: dict[str, str]) -> None:
    run_id = own.submit(task("slow", "/sleeps", parameters=begun), task("other", "/quick"))
    wait_for(begun)
    slow = next(attempt for attempt in own.run(run_id).tasks if attempt.task_key == "slow")
    own.workspace.jobs.cancel_run(slow.run_id)
    assert results(own.ended(run_id)) == {"slow": "CANCELED", "other": "SUCCESS"}


def test_a_kill_of_the_service_fails_what_ran_and_the_rest_of_the_run_goes_on(
    own: JobsProcess, begun: dict[str, str]
) -> None:
    run_id = own.submit(
        task("slow", "/sleeps", parameters=begun), task("next", "/quick", "slow"), task("last", "/quick", "next")
    )
    wait_for(begun)
    own.kill()
    assert own.processes() != []
    own.start()
    run = own.ended(run_id)
    assert state(run) == ("INTERNAL_ERROR", "FAILED")
    assert results(run) == {"slow": "FAILED", "next": "UPSTREAM_FAILED", "last": "UPSTREAM_FAILED"}
    assert "The Jobs service stopped while this task ran" in run.state.state_message
    assert "Run it again" in own.workspace.jobs.get_run_output(run.tasks[0].run_id).error
    assert own.processes() == []


def test_a_task_with_retries_is_run_again_after_a_kill_of_the_service(own: JobsProcess, begun: dict[str, str]) -> None:
    run_id = own.submit(task("once", "/sleeps once", parameters=begun, max_retries=1), task("next", "/quick", "once"))
    wait_for(begun)
    own.kill()
    own.start()
    run = own.ended(run_id)
    assert results(run) == {"once": "SUCCESS", "next": "SUCCESS"} and state(run) == ("TERMINATED", "SUCCESS")


def test_a_stop_ends_what_runs_and_leaves_no_process(own: JobsProcess, begun: dict[str, str]) -> None:
    run_id = own.submit(task("slow", "/sleeps", parameters=begun))
    wait_for(begun)
    assert own.stop() == 0
    assert own.processes() == []
    own.start()
    assert "The Jobs service stopped" in own.ended(run_id).state.state_message


def test_a_cancel_that_a_kill_interrupts_is_still_a_cancel(own: JobsProcess, begun: dict[str, str]) -> None:
    run_id = own.submit(task("slow", "/sleeps", parameters=begun), task("next", "/quick", "slow"))
    wait_for(begun)
    own.workspace.jobs.cancel_run(run_id)
    own.kill()
    own.start()
    assert state(own.ended(run_id)) == ("TERMINATED", "CANCELED")
    assert own.processes() == []


@pytest.fixture
def busy(own: JobsProcess, begun: dict[str, str]) -> int:
    """A job that has a run under way."""
    notebook = NotebookTask(notebook_path="/sleeps", base_parameters=begun)
    job_id = own.workspace.jobs.create(name="busy", tasks=[Task(task_key="slow", notebook_task=notebook)]).job_id
    own.workspace.jobs.run_now(job_id)
    wait_for(begun)
    return job_id


def test_a_job_that_runs_already_is_skipped(own: JobsProcess, busy: int) -> None:
    run = own.ended(own.workspace.jobs.run_now(busy).run_id)
    assert state(run) == ("SKIPPED", "MAXIMUM_CONCURRENT_RUNS_REACHED")


def test_a_queued_run_begins_when_its_job_is_free_also_after_a_kill(own: JobsProcess, busy: int) -> None:
    queued = own.workspace.jobs.run_now(busy, queue=QueueSettings(enabled=True)).run_id
    assert own.run(queued).state.life_cycle_state.value == "QUEUED"
    own.kill()
    own.start()
    eventually(lambda: own.run(queued).state.life_cycle_state.value == "RUNNING", "the queued run begins")
    own.workspace.jobs.cancel_all_runs(job_id=busy)
    assert state(own.ended(queued)) == ("TERMINATED", "CANCELED")
