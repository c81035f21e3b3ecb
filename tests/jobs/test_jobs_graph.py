"""What comes next in a run, from its state alone."""

import pytest

from sandbox.servers.jobs.errors import ApiError
from sandbox.servers.jobs.graph import What, final_state, next_steps, skipped_state
from sandbox.servers.jobs.runs import Attempt, Outcome, Run, State
from sandbox.servers.jobs.task_settings import Dependency, NotebookTask, RunIf, TaskSettings, tasks_of

NOTEBOOK = NotebookTask("/jobs/load_data")


def a_task(key: str, *needs: str, run_if: str = "ALL_SUCCESS", **options: object) -> TaskSettings:
    depends_on = tuple(Dependency(need) for need in needs)
    return TaskSettings(key, NOTEBOOK, depends_on=depends_on, run_if=RunIf(run_if), **options)


def a_run(*tasks: TaskSettings, **results: str) -> Run:
    """A run whose tasks have these results; a task without one is pending."""
    run = Run(1, 1, "run", "SUBMIT_RUN", tasks, 0)
    for number, task in enumerate(tasks):
        run.attempts.append(Attempt(10 + number, task.task_key, 0, 0))
        if result := results.get(task.task_key):
            run.attempts[-1].end(Outcome(State("TERMINATED", result, "why")))
    return run


def steps(run: Run) -> dict[str, What]:
    return {task.task_key: what for what, task, _ in next_steps(run)}


LOAD, PIN, GEO = a_task("load"), a_task("pin", "load"), a_task("geo", "load")
QUERY = a_task("query", "pin", "geo")


def test_only_what_depends_on_nothing_begins_first() -> None:
    assert steps(a_run(LOAD, PIN, GEO, QUERY)) == {"load": What.BEGIN}


def test_all_that_wait_for_the_same_task_begin_together() -> None:
    assert steps(a_run(LOAD, PIN, GEO, QUERY, load="SUCCESS")) == {"pin": What.BEGIN, "geo": What.BEGIN}


def test_a_task_waits_for_the_last_of_its_dependencies() -> None:
    assert steps(a_run(LOAD, PIN, GEO, QUERY, load="SUCCESS", pin="SUCCESS", geo="SUCCESS")) == {"query": What.BEGIN}


def test_a_failure_skips_what_depends_on_it_and_nothing_else() -> None:
    run = a_run(LOAD, PIN, GEO, QUERY, load="SUCCESS", pin="FAILED")
    assert steps(run) == {"geo": What.BEGIN}
    run.latest("geo").end(Outcome(State("TERMINATED", "SUCCESS")))
    assert steps(run) == {"query": What.SKIP}
    assert skipped_state(run, QUERY).result_state == "UPSTREAM_FAILED"


@pytest.mark.parametrize(
    ("run_if", "first", "second", "runs"),
    [
        ("ALL_SUCCESS", "SUCCESS", "FAILED", False),
        ("AT_LEAST_ONE_SUCCESS", "SUCCESS", "FAILED", True),
        ("AT_LEAST_ONE_SUCCESS", "FAILED", "FAILED", False),
        ("NONE_FAILED", "SUCCESS", "EXCLUDED", True),
        ("NONE_FAILED", "EXCLUDED", "EXCLUDED", False),
        ("NONE_FAILED", "SUCCESS", "UPSTREAM_FAILED", False),
        ("ALL_DONE", "FAILED", "CANCELED", True),
        ("AT_LEAST_ONE_FAILED", "SUCCESS", "TIMEDOUT", True),
        ("AT_LEAST_ONE_FAILED", "SUCCESS", "SUCCESS", False),
        ("ALL_FAILED", "FAILED", "UPSTREAM_FAILED", True),
        ("ALL_FAILED", "FAILED", "SUCCESS", False),
    ],
)
def test_run_if_decides_by_the_results_of_the_dependencies(run_if: str, first: str, second: str, runs: bool) -> None:
    run = a_run(a_task("a"), a_task("b"), a_task("c", "a", "b", run_if=run_if), a=first, b=second)
    assert steps(run) == {"c": What.BEGIN if runs else What.SKIP}


@pytest.mark.parametrize(
    ("run_if", "dependency", "result"),
    [
        ("ALL_SUCCESS", "FAILED", "UPSTREAM_FAILED"),
        ("ALL_SUCCESS", "CANCELED", "UPSTREAM_CANCELED"),
        ("ALL_SUCCESS", "EXCLUDED", "EXCLUDED"),
        ("ALL_FAILED", "SUCCESS", "EXCLUDED"),
    ],
)
def test_a_skipped_task_says_why(run_if: str, dependency: str, result: str) -> None:
    task = a_task("b", "a", run_if=run_if)
    assert skipped_state(a_run(a_task("a"), task, a=dependency), task).result_state == result


def test_a_failed_task_is_retried_as_often_as_it_may() -> None:
    flaky = a_task("flaky", max_retries=1)
    run = a_run(flaky, a_task("next", "flaky"), flaky="FAILED")
    assert steps(run) == {"flaky": What.RETRY}
    run.attempts.append(Attempt(20, "flaky", 1, 0))
    assert steps(run) == {"flaky": What.BEGIN}
    run.latest("flaky").end(Outcome(State("TERMINATED", "FAILED", "why")))
    assert steps(run) == {"next": What.SKIP}


def test_a_timeout_is_retried_only_where_the_task_says_so() -> None:
    assert steps(a_run(a_task("slow", max_retries=1), slow="TIMEDOUT")) == {}
    assert steps(a_run(a_task("slow", max_retries=-1, retry_on_timeout=True), slow="TIMEDOUT")) == {"slow": What.RETRY}


def test_what_is_cancelled_is_not_retried() -> None:
    assert steps(a_run(a_task("a", max_retries=-1), a="CANCELED")) == {}


def test_the_leaves_decide_how_a_run_ends() -> None:
    watch = a_task("watch", "load", run_if="ALL_DONE")
    assert final_state(a_run(LOAD, PIN, load="SUCCESS", pin="SUCCESS")).result_state == "SUCCESS"
    assert final_state(a_run(LOAD, watch, load="FAILED", watch="SUCCESS")).result_state == "SUCCESS_WITH_FAILURES"
    assert final_state(a_run(LOAD, PIN, load="SUCCESS", pin="CANCELED")).result_state == "CANCELED"
    failed = final_state(a_run(LOAD, PIN, load="FAILED", pin="UPSTREAM_FAILED"))
    assert (failed.life_cycle_state, failed.result_state) == ("TERMINATED", "FAILED")
    assert failed.state_message.startswith("Task load failed with message: why.")


def given(*tasks: dict[str, object]) -> dict[str, object]:
    return {"tasks": [{"notebook_task": {"notebook_path": "/a"}, **task} for task in tasks]}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "At least one task"),
        (given({"task_key": "a"}, {"task_key": "a"}), "Duplicate task_key: a"),
        (given({"task_key": "a", "depends_on": [{"task_key": "b"}]}), "depends on b, which is no task"),
        (given({"task_key": "a", "depends_on": [{"task_key": "a"}]}), "cycle: a -> a"),
        (given({"task_key": "a", "run_if": "NEVER"}), r"Invalid enum value 'NEVER' - at `\$.run_if`"),
        (given({"task_key": "a", "max_retries": "many"}), "max_retries"),
        ({"tasks": [{"task_key": "a", "spark_python_task": {}}]}, "spark_python_task: the sandbox runs notebook_task"),
        ({"tasks": [{"notebook_task": {"notebook_path": "/a"}}]}, "missing required field `task_key`"),
    ],
)
def test_settings_that_cannot_run_are_refused_with_the_reason(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ApiError, match=message) as refused:
        tasks_of(settings)
    assert refused.value.code == "INVALID_PARAMETER_VALUE"


def test_numbers_may_come_as_text_as_airflow_sends_them() -> None:
    (task,) = tasks_of(given({"task_key": "a", "max_retries": "2", "timeout_seconds": "60"}))
    assert (task.max_retries, task.timeout_seconds) == (2, 60)


def test_the_older_form_is_one_task_with_the_runs_name() -> None:
    (task,) = tasks_of({"run_name": "etl", "notebook_task": {"notebook_path": "/a"}, "new_cluster": {}})
    assert task.task_key == "etl"
