"""The calls of the Jobs API, as databricks-sdk and plain HTTP make them; no notebook runs here."""

import base64
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import requests
from databricks.sdk.errors import InvalidParameterValue, NotFound, PermissionDenied, ResourceDoesNotExist
from databricks.sdk.service.jobs import JobParameterDefinition, JobSettings, NotebookTask, Task
from jobs_process import TOKEN, JobsProcess, results, task

NOWHERE = "/nowhere"  # a run of it ends at once


def job_task(key: str, **options: Any) -> Task:
    return Task(task_key=key, notebook_task=NotebookTask(notebook_path=NOWHERE), **options)


def test_no_token_is_401_and_a_wrong_one_403_as_the_service_answers(jobs: JobsProcess) -> None:
    nothing = jobs.call("GET", "jobs/list", authorization="")
    assert (nothing.status_code, nothing.json()["error_code"]) == (401, 401)
    wrong = jobs.call("GET", "jobs/list", authorization="Bearer dapi-wrong")
    assert (wrong.status_code, wrong.json()) == (403, {"error_code": 403, "message": "Invalid access token."})
    with pytest.raises(PermissionDenied, match="Invalid access token"):
        jobs.client("dapi-wrong").jobs.get(1)


def test_what_is_not_offered_names_itself(jobs: JobsProcess) -> None:
    answer = jobs.call("POST", "jobs/runs/repair", json={"run_id": 1})
    assert (answer.status_code, answer.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    assert "POST /api/2.2/jobs/runs/repair" in answer.json()["message"]


@pytest.mark.parametrize("body", ["{", "[]", "1"])
def test_a_body_that_is_no_json_object_is_refused(jobs: JobsProcess, body: str) -> None:
    answer = jobs.call("POST", "jobs/create", data=body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "MALFORMED_REQUEST")


def test_a_web_page_of_another_name_gets_nothing(jobs: JobsProcess) -> None:
    assert requests.get(jobs.url, headers={"Host": "rebound.example.com"}, timeout=5).status_code == 400


def test_a_job_is_created_read_changed_and_deleted(jobs: JobsProcess) -> None:
    api = jobs.workspace.jobs
    job_id = api.create(name="etl", tasks=[job_task("load")], max_concurrent_runs=3).job_id
    assert api.get(job_id).settings.tasks[0].notebook_task.notebook_path == NOWHERE
    api.update(job_id, new_settings=JobSettings(timeout_seconds=60, tasks=[job_task("clean")]))
    settings = api.get(job_id).settings
    assert (settings.name, settings.timeout_seconds, settings.max_concurrent_runs) == ("etl", 60, 3)
    assert [task.task_key for task in settings.tasks] == ["load", "clean"]
    api.update(job_id, fields_to_remove=["timeout_seconds"])
    assert api.get(job_id).settings.timeout_seconds == 0
    api.reset(job_id, new_settings=JobSettings(name="other", tasks=[job_task("query")]))
    assert api.get(job_id).settings.max_concurrent_runs == 1
    api.delete(job_id)
    with pytest.raises(ResourceDoesNotExist, match=f"Job {job_id} does not exist"):
        api.get(job_id)


@pytest.mark.parametrize("call", ["run_now", "delete", "reset"])
def test_a_job_that_is_not_there_is_an_invalid_parameter(jobs: JobsProcess, call: str) -> None:
    arguments = {"new_settings": JobSettings(tasks=[job_task("a")])} if call == "reset" else {}
    with pytest.raises(InvalidParameterValue, match="Job 987654 does not exist"):
        getattr(jobs.workspace.jobs, call)(987654, **arguments)


def test_jobs_are_listed_by_name_and_in_pages(jobs: JobsProcess) -> None:
    api = jobs.workspace.jobs
    ids = [api.create(name="listed", tasks=[job_task("a")]).job_id for _ in range(5)]
    assert [job.job_id for job in api.list(name="LISTED", limit=2)] == ids[::-1]
    assert [job.settings.tasks for job in api.list(name="listed")] == [[]] * 5
    assert all(job.settings.tasks for job in api.list(name="listed", expand_tasks=True))
    first = jobs.call("GET", "jobs/list", params={"name": "listed", "limit": 2}).json()
    assert first["has_more"] and first["next_page_token"]
    with pytest.raises(InvalidParameterValue, match="between 1 and 100"):
        list(api.list(limit=101))


def test_a_notebook_that_is_not_there_fails_its_task_with_the_reason(jobs: JobsProcess) -> None:
    run = jobs.ended(jobs.submit(task("load", NOWHERE), task("clean", NOWHERE, "load"), run_name="etl"))
    assert (run.state.life_cycle_state.value, run.state.result_state.value) == ("INTERNAL_ERROR", "FAILED")
    assert results(run) == {"load": "FAILED", "clean": "UPSTREAM_FAILED"}
    output = jobs.workspace.jobs.get_run_output(run.tasks[0].run_id)
    assert output.error.startswith('Unable to access the notebook "/nowhere"')
    assert "Task load failed with message: Unable to access" in run.state.state_message


def test_a_whole_run_has_no_output_be_it_of_one_task(jobs: JobsProcess) -> None:
    run_id = jobs.submit(task("load", NOWHERE))
    with pytest.raises(InvalidParameterValue, match="each individual task run"):
        jobs.workspace.jobs.get_run_output(run_id)


def test_the_run_of_a_task_can_be_asked_for(jobs: JobsProcess) -> None:
    run = jobs.ended(jobs.submit(task("load", NOWHERE)))
    alone = jobs.run(run.tasks[0].run_id)
    assert (alone.run_id, alone.tasks[0].task_key) == (run.tasks[0].run_id, "load")
    assert alone.state.result_state.value == "FAILED"


def test_a_run_that_is_not_there_is_no_resource(jobs: JobsProcess) -> None:
    with pytest.raises(NotFound, match="Run 987654 does not exist"):
        jobs.run(987654)
    with pytest.raises(InvalidParameterValue):
        jobs.workspace.jobs.cancel_run(987654)


def test_a_get_reads_its_parameters_from_the_body_too(jobs: JobsProcess) -> None:
    """Airflow's deferrable operators send them there."""
    run_id = jobs.submit(task("load", NOWHERE))
    assert jobs.call("GET", "jobs/runs/get", json={"run_id": run_id}).json()["run_id"] == run_id


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_older_versions_answer_too(jobs: JobsProcess, version: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert requests.get(f"{jobs.url}/api/{version}/jobs/runs/list", headers=headers, timeout=5).ok


def test_the_same_token_starts_one_run(jobs: JobsProcess) -> None:
    first = jobs.submit(task("load", NOWHERE), idempotency_token="once")
    assert jobs.submit(task("load", NOWHERE), idempotency_token="once") == first
    assert jobs.submit(task("load", NOWHERE), idempotency_token="twice") != first
    with pytest.raises(InvalidParameterValue, match="64"):
        jobs.submit(task("load", NOWHERE), idempotency_token="x" * 65)


def test_the_token_of_a_deleted_run_is_an_error(jobs: JobsProcess) -> None:
    run_id = jobs.submit(task("load", NOWHERE), idempotency_token="deleted")
    jobs.ended(run_id)
    jobs.workspace.jobs.delete_run(run_id)
    with pytest.raises(InvalidParameterValue, match="does not exist"):
        jobs.submit(task("load", NOWHERE), idempotency_token="deleted")


def test_run_now_takes_the_jobs_parameters_and_those_of_the_call(jobs: JobsProcess) -> None:
    api = jobs.workspace.jobs
    parameters = [JobParameterDefinition(name=name, default="of the job") for name in ("catalog", "schema")]
    job_id = api.create(name="parameters", tasks=[job_task("a")], parameters=parameters).job_id
    run = jobs.ended(api.run_now(job_id, job_parameters={"schema": "of the run"}).run_id)
    assert {item.name: item.value for item in run.job_parameters} == {"catalog": "of the job", "schema": "of the run"}
    assert (run.job_id, run.run_type.value, run.run_name) == (job_id, "JOB_RUN", "parameters")


def test_runs_are_listed_in_pages_the_latest_first(jobs: JobsProcess) -> None:
    api = jobs.workspace.jobs
    job_id = api.create(name="many", tasks=[job_task("a")]).job_id
    ids = [jobs.ended(api.run_now(job_id).run_id).run_id for _ in range(3)]
    assert [run.run_id for run in api.list_runs(job_id=job_id, limit=2)] == ids[::-1]
    assert list(api.list_runs(job_id=job_id, active_only=True)) == []
    assert len(list(api.list_runs(job_id=job_id, completed_only=True, expand_tasks=True))) == 3
    with pytest.raises(InvalidParameterValue, match="cannot both be true"):
        list(api.list_runs(active_only=True, completed_only=True))


def test_airflows_connection_test_and_its_cluster_are_answered(jobs: JobsProcess) -> None:
    assert jobs.call("GET", "clusters/spark-versions").json()["versions"]
    assert jobs.call("GET", "clusters/get", params={"cluster_id": "sandbox"}).json()["state"] == "RUNNING"
    assert jobs.call("GET", "clusters/get", params={"cluster_id": "other"}).status_code == 400


def test_the_list_page_shows_the_runs_and_asks_a_stranger_for_the_token(jobs: JobsProcess) -> None:
    run = jobs.ended(jobs.submit(task("load", NOWHERE), run_name="<b>named</b>"))
    basic = base64.b64encode(f"me:{TOKEN}".encode()).decode()
    shown = requests.get(jobs.url, headers={"Authorization": f"Basic {basic}"}, timeout=5)
    assert str(run.run_id) in shown.text and "&lt;b&gt;named" in shown.text
    refused = requests.get(run.run_page_url, headers={"Authorization": "Basic Og=="}, timeout=5)
    assert (refused.status_code, "WWW-Authenticate" in refused.headers) == (401, True)


def test_what_is_answered_is_on_the_disk(jobs: JobsProcess) -> None:
    run_id = jobs.submit(task("load", NOWHERE))
    file: Path = jobs.state / "jobs.sqlite"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as database:
        assert database.execute("SELECT count(*) FROM runs WHERE run_id = ?", (run_id,)).fetchone() == (1,)
