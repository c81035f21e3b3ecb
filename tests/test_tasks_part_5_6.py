"""Notebooks 5 and 6 without a sandbox: their checks, their pure exercises, and the client of Airflow's REST API."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
import requests
from botocore.stub import Stubber

from lib.airflow_client import (
    AirflowClient,
    AirflowRefusedError,
    AirflowUnreachableError,
    DagRunFailedError,
    HttpTransport,
    MwaaTransport,
    seconds_of,
    transport_to,
)
from lib.checks import CheckFailedError, check
from lib.errors import SettingsError
from lib.mapping_templates import try_templates
from lib.task_graph import CyclicGraphError, steps_of
from lib.waiting import WaitedTooLongError, wait_for
from sandbox.settings import ROOT

CLEAN = ["airflow_clean_geo", "airflow_clean_pin", "airflow_clean_user"]
EDGES = {"airflow_load_data": CLEAN, **{name: ["airflow_query_data"] for name in CLEAN}, "airflow_query_data": []}
TOOK = {"airflow_load_data": 10, "airflow_clean_geo": 3, "airflow_clean_pin": 7, "airflow_clean_user": 4}
TOOK["airflow_query_data"] = 5
BEGAN = datetime(2026, 3, 1, 2, 15, tzinfo=UTC)
JOBS = ("load_data", "clean_pin", "clean_geo", "clean_user", "query_data")


def task(name: str, state: str = "success", seconds: float = 1) -> dict[str, Any]:
    ended = (BEGAN + timedelta(seconds=seconds)).isoformat()
    return {"task_id": name, "state": state, "try_number": 1, "start_date": BEGAN.isoformat(), "end_date": ended}


TASKS = [task(name, seconds=seconds) for name, seconds in TOOK.items()]


# ---------------------------------------------------------------- the exercises that need no service


def solution(notebook: str, number: str) -> str:
    """The source of an exercise's cell, solution included."""
    cells = json.loads((ROOT / "notebooks" / notebook).read_text())["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    return next(source for source in sources if source.startswith(f"# Exercise {number}\n"))


def solved(notebook: str, number: str, **given: Any) -> dict[str, Any]:
    """What the solution of an exercise leaves in a notebook that has these variables."""
    namespace = dict(given)
    exec(compile(solution(notebook, number), number, "exec"), namespace)
    return namespace


def passes(number: str, namespace: dict[str, Any]) -> None:
    check(number, namespace, strict=True)


def refused(number: str, namespace: dict[str, Any], told: str) -> None:
    with pytest.raises(CheckFailedError, match=told):
        check(number, namespace, strict=True)


PART_5: dict[str, Any] = {"tasks": TASKS, "edges": EDGES, "seconds_of": seconds_of, "jobs": JOBS, "repository": ROOT}


@pytest.mark.parametrize("number", ["5.5", "5.6", "5.7", "5.9"])
def test_the_solution_passes_its_check(number: str) -> None:
    passes(number, solved("05_mwaa_airflow.ipynb", number, **PART_5))


def test_the_job_of_databricks_is_the_dag() -> None:
    from databricks.sdk.service.jobs import NotebookTask

    given = PART_5 | {"NotebookTask": NotebookTask, "folder": "/Workspace/a/notebooks/jobs"}
    namespace = solved("05_mwaa_airflow.ipynb", "5.8", **given)
    passes("5.8", namespace)
    namespace["job_tasks"][-1].depends_on.pop()
    refused("5.8", namespace, "query_data waits for other tasks")
    refused("5.8", namespace | {"job_tasks": namespace["job_tasks"][1:]}, "one task for each notebook")


@pytest.mark.parametrize(
    ("number", "wrong", "told"),
    [
        ("5.5", {"slowest": "airflow_clean_geo"}, "took longer"),
        ("5.5", {"slowest": 10.0}, "should be the `task_id`"),
        ("5.6", {"cron_line": "2 15 * * 1-5 cd /a && make nightly >> nightly.log"}, "the minute comes first"),
        ("5.6", {"cron_line": "15 2 * * * cd /a && make nightly >> nightly.log"}, "Monday to Friday"),
        ("5.6", {"cron_line": "15 2 * * 1-5 make nightly >> nightly.log"}, "home folder"),
        ("5.6", {"cron_line": "15 2 * * 1-5 cd /a && make nightly > nightly.log"}, "not `>`"),
        ("5.6", {"cron_line": "15 2 * *"}, "minute, hour, day, month, weekday"),
        ("5.7", {"steps": [["airflow_load_data"], CLEAN]}, "exactly one step"),
        ("5.7", {"steps": [["airflow_load_data"], [*CLEAN, "airflow_query_data"]]}, "is not in a later step"),
        ("5.7", {"steps": [["airflow_load_data"], *[[name] for name in CLEAN], ["airflow_query_data"]]}, "earlier"),
        ("5.9", {"one_worker": 29, "critical_path": 29}, "longest chain"),
        ("5.9", {"one_worker": 22, "critical_path": 22}, "sum of the seconds"),
    ],
)
def test_a_wrong_answer_of_part_5_is_told_why(number: str, wrong: dict[str, Any], told: str) -> None:
    refused(number, PART_5 | wrong, told)


@pytest.mark.parametrize("number", ["6.4", "6.5"])
def test_the_solution_of_a_function_passes_its_check(number: str) -> None:
    import hashlib

    kinesis = SimpleNamespace(list_shards=lambda **_: {"Shards": []})
    passes(number, solved("06_kinesis_streaming.ipynb", number, kinesis=kinesis, practice="a", hashlib=hashlib))


def test_a_function_that_takes_closed_shards_or_wrong_records_is_told_why() -> None:
    refused("6.4", {"shard_for": lambda _, shards: shards[0]["ShardId"]}, "closed shard")
    refused("6.4", {"shard_for": lambda _, shards: shards[1]["ShardId"]}, "goes to another shard")
    refused("6.5", {"to_send_again": lambda records, _: records}, "has an `ErrorCode`")


def record(number: int, key: str = "k") -> dict[str, Any]:
    return {"SequenceNumber": str(number), "PartitionKey": key, "Data": b"{}"}


def test_a_stream_read_to_its_end_has_each_record_once_and_in_order() -> None:
    passes("6.7", {"everything": [record(1), record(3), record(2, "other")], "taken": 3})
    refused("6.7", {"everything": [record(1), record(1)], "taken": 2}, "twice")
    refused("6.7", {"everything": [record(1)], "taken": 2}, "the stream has more")
    refused("6.7", {"everything": [record(2), record(1)], "taken": 2}, "a parent before its children")


# ---------------------------------------------------------------- the checks of what the services did


def test_a_run_with_a_failed_task_does_not_pass() -> None:
    passes("5.1", {"tasks": TASKS})
    refused("5.1", {"tasks": [*TASKS[1:], task("airflow_load_data", "failed")]}, "airflow_load_data is failed")
    refused("5.1", {"tasks": TASKS[1:]}, "no task airflow_load_data")


def test_a_table_that_changed_is_named() -> None:
    before = {"table": ["geo", "pin"], "rows": [1, 2], "fingerprint": ["10", "20"]}
    passes("5.2", {"before": before, "after": before})
    refused("5.2", {"before": before, "after": before | {"fingerprint": ["10", "21"]}}, "^5.2 .*: pin changed")


def test_a_run_that_failed_for_another_reason_is_not_the_gate() -> None:
    failed = SimpleNamespace(state=SimpleNamespace(result_state=SimpleNamespace(value="FAILED")))
    gate = "QualityGateError: 30 of 300 rows of user (10.00%) are in quarantine, more than max_quarantine_share=0.05"
    passes("5.4", {"failed": failed, "reason": gate})
    refused("5.4", {"failed": failed, "reason": "TableMissingError: no table"}, "another reason")


def test_the_template_that_prints_a_map_is_told_from_the_one_that_sends_json() -> None:
    passes("6.1", {"arrived": {"original": "{index=1}", "ours": '{"index": 1}'}})
    refused("6.1", {"arrived": {"original": "{index=1}", "ours": "{index=1}"}}, "no JSON")
    refused("6.1", {"arrived": {"original": '{"index": 1}', "ours": '{"index": 1}'}}, "is it ours")


def test_an_empty_table_of_the_stream_is_named() -> None:
    tables = ["stream_pin", "stream_geo", "stream_user"]
    passes("6.2", {"summary": {"table": tables, "rows": [1, 1, 1]}})
    refused("6.2", {"summary": {"table": tables, "rows": [1, 0, 1]}}, "stream_geo is empty")


def test_tables_that_differ_or_are_both_empty_do_not_agree() -> None:
    def compared(**changes: int) -> Any:
        rows = [{"entity": name, "stream": 5, "only_batch": 0, "only_stream": 0} for name in ("pin", "geo", "user")]
        rows[1] |= changes
        return SimpleNamespace(collect=lambda: rows)

    passes("6.3", {"compared": compared()})
    refused("6.3", {"compared": compared(only_stream=1)}, "geo: rows are in one table only")
    refused("6.3", {"compared": compared(stream=0)}, "because they are empty")


def test_a_record_that_is_there_twice_or_not_at_all_is_told() -> None:
    def once(*places: tuple[str, str]) -> Any:
        columns = ["ind", "text", "shardId", "sequenceNumber"]
        return SimpleNamespace(columns=columns, select=lambda *_: SimpleNamespace(collect=lambda: list(places)))

    passes("6.6", {"once": once(("0", "1"), ("0", "2")), "taken": 2})
    refused("6.6", {"once": once(("0", "1"), ("0", "1")), "taken": 1}, "there twice")
    refused("6.6", {"once": once(("0", "1")), "taken": 2}, "Records are missing")


# ---------------------------------------------------------------- the graph, and waiting


def test_each_step_holds_what_may_run_side_by_side() -> None:
    assert steps_of(EDGES) == [["airflow_load_data"], CLEAN, ["airflow_query_data"]]


def test_tasks_that_wait_for_one_another_are_named() -> None:
    with pytest.raises(CyclicGraphError, match="a, b wait for one another"):
        steps_of({"a": ["b"], "b": ["a"], "c": []})


def test_a_wait_ends_with_what_is_found_or_after_its_time() -> None:
    found = iter([None, "there"])
    assert wait_for("it", lambda: next(found), seconds=5, every=0) == "there"
    with pytest.raises(WaitedTooLongError, match="Waited 0 s for it"):
        wait_for("it", lambda: None, seconds=0, every=0)


# ---------------------------------------------------------------- Airflow, over HTTP


class Server(requests.Session):
    """Answers by method and path, and notes what it is asked."""

    def __init__(self, *answers: tuple[str, int, Any]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Any, Any]] = []

    def request(self, method: str, url: str, **given: Any) -> requests.Response:  # type: ignore[override]
        self.asked.append((method, url, given.get("json"), (given.get("headers") or {}).get("Authorization")))
        expected, status, body = self.answers.pop(0)
        assert f"{method} {url}".endswith(expected), url
        answer = requests.Response()
        answer.status_code, answer._content = status, json.dumps(body).encode()
        answer.request = requests.Request(method, url).prepare()
        return answer


TOKEN = ("/auth/token", 201, {"access_token": "t1"})


def test_a_token_is_asked_for_once_and_again_when_it_has_run_out() -> None:
    later = ("/auth/token", 201, {"access_token": "t2"})
    server = Server(TOKEN, ("/api/v2/dags", 200, {}), ("/api/v2/dags", 401, {}), later, ("/api/v2/dags", 200, {"a": 1}))
    transport = HttpTransport("http://127.0.0.1:8080/", server)
    assert transport.ask("GET", "/dags") == {}
    assert transport.ask("GET", "/dags") == {"a": 1}
    assert [asked[3] for asked in server.asked] == [None, "Bearer t1", "Bearer t1", None, "Bearer t2"]
    assert server.asked[0][:3] == ("GET", "http://127.0.0.1:8080/auth/token", None)


def test_a_user_in_the_address_signs_in_and_is_in_no_other_request() -> None:
    server = Server(TOKEN, ("/api/v2/dags", 200, {}))
    HttpTransport("https://me:p%40ss@airflow.example", server).ask("GET", "/dags")
    assert server.asked[0][:3] == (
        "POST",
        "https://airflow.example/auth/token",
        {"username": "me", "password": "p@ss"},
    )
    assert server.asked[1][1] == "https://airflow.example/api/v2/dags"


def test_a_refusal_tells_status_request_and_reason() -> None:
    server = Server(TOKEN, ("/api/v2/dags/a/dagRuns", 409, {"detail": "there is one"}))
    with pytest.raises(
        AirflowRefusedError, match=r"Airflow answers 409 to POST /dags/a/dagRuns:.*there is one"
    ) as told:
        HttpTransport("http://127.0.0.1:8080", server).ask("POST", "/dags/a/dagRuns", {})
    assert told.value.status == 409


def test_an_airflow_that_does_not_answer_is_one_sentence_with_the_command(free_port: int) -> None:
    with pytest.raises(AirflowUnreachableError) as told:
        transport_to(f"http://127.0.0.1:{free_port}").ask("GET", "/dags")
    assert str(told.value) == (
        f"Airflow does not answer at http://127.0.0.1:{free_port}: start it with `sandbox airflow up`, or correct "
        "airflow_url."
    )


@pytest.mark.parametrize("address", ["", "airflow", "ftp://a"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(SettingsError, match="AIRFLOW_URL"):
        transport_to(address)


# ---------------------------------------------------------------- Airflow, on MWAA


@pytest.fixture
def mwaa() -> Any:
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    return boto3.client("mwaa", region_name="us-east-1", endpoint_url="http://127.0.0.1:1", **keys)


def test_a_request_goes_to_mwaa_with_what_it_has_and_nothing_else(mwaa: Any) -> None:
    with Stubber(mwaa) as stub:
        expected = {"Name": "pinterest", "Method": "PATCH", "Path": "/dags/a", "Body": {"is_paused": False}}
        stub.add_response("invoke_rest_api", {"RestApiStatusCode": 200, "RestApiResponse": {"dag_id": "a"}}, expected)
        answer = MwaaTransport("pinterest", mwaa).ask("PATCH", "/dags/a", {"is_paused": False})
    assert answer == {"dag_id": "a"}


def test_what_airflow_refuses_on_mwaa_has_airflows_status(mwaa: Any) -> None:
    with Stubber(mwaa) as stub:
        told = {"RestApiStatusCode": 409, "RestApiResponse": {"detail": "there is one"}}
        stub.add_client_error("invoke_rest_api", "RestApiClientException", modeled_fields=told)
        with pytest.raises(AirflowRefusedError, match=r"409 to POST /dags/a/dagRuns:.*there is one") as refusal:
            MwaaTransport("pinterest", mwaa).ask("POST", "/dags/a/dagRuns", {})
    assert refusal.value.status == 409


def test_a_caller_whom_aws_refuses_is_told_so(mwaa: Any) -> None:
    with Stubber(mwaa) as stub:
        stub.add_client_error("invoke_rest_api", "AccessDeniedException", "no right airflow:InvokeRestApi")
        with pytest.raises(AirflowUnreachableError, match="pinterest: AccessDeniedException: no right"):
            MwaaTransport("pinterest", mwaa).ask("GET", "/dags/a")


def test_a_path_that_mwaa_does_not_pass_on_names_the_log_group(mwaa: Any) -> None:
    with pytest.raises(AirflowRefusedError, match=r"64 characters at most.*airflow-pinterest-Task"):
        MwaaTransport("pinterest", mwaa).ask("GET", f"/dags/a/dagRuns/{'x' * 60}")


# ---------------------------------------------------------------- what is asked of Airflow

DAG = "0123456789ab_dag"
DAY = date(2026, 3, 1)
MIDNIGHT = "2026-03-01T00:00:00+00:00"
LIST = "/dags/~/dagRuns/~/taskInstances/list"


class Airflow:
    """A transport that has runs and tasks; `states` are those that the run has, one a look."""

    def __init__(self, *states: str, tasks: list[dict[str, Any]] | None = None) -> None:
        self.states = list(states)
        self.tasks = TASKS if tasks is None else tasks
        self.asked: list[tuple[str, str, Any]] = []

    def ask(self, method: str, path: str, body: Any = None, query: Any = None) -> dict[str, Any]:
        self.asked.append((method, path, body))
        run = {"dag_id": DAG, "dag_run_id": "manual__1", "logical_date": MIDNIGHT, "state": "queued"}
        if path == LIST:
            return {"task_instances": self.tasks}
        if method == "GET" and path == f"/dags/{DAG}/dagRuns":
            assert query == {"logical_date_gte": MIDNIGHT, "logical_date_lte": MIDNIGHT}
            return {"dag_runs": [run | {"state": self.states.pop(0)}] if self.states else []}
        if "/logs/" in path:
            return {"content": ["begin", {"event": "a\nb", "error_detail": [{"exc_type": "E", "exc_value": "why"}]}]}
        return run

    @property
    def changes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path, _ in self.asked if method != "GET" and path != LIST]


RUN = {"dag_id": DAG, "dag_run_id": "manual__1", "logical_date": MIDNIGHT, "state": "queued"}
UNPAUSED = ("PATCH", f"/dags/{DAG}")


@pytest.mark.parametrize(
    ("states", "changes"),
    [
        ((), [("POST", f"/dags/{DAG}/dagRuns"), UNPAUSED]),
        (("success",), [UNPAUSED]),
        (("running",), [UNPAUSED]),
        (("failed",), [("POST", f"/dags/{DAG}/clearTaskInstances"), UNPAUSED]),
    ],
    ids=["no run", "succeeded", "under way", "failed"],
)
def test_a_date_has_one_run_which_is_made_left_alone_or_repeated(
    states: tuple[str, ...], changes: list[tuple[str, str]]
) -> None:
    airflow = Airflow(*states)
    assert AirflowClient(airflow).run_for(DAG, DAY)["dag_run_id"] == "manual__1"
    assert airflow.changes == changes


def test_a_run_is_followed_until_it_has_ended_and_each_change_is_shown_once() -> None:
    shown: list[str] = []
    tasks = AirflowClient(Airflow("queued", "running", "success")).follow(RUN, 60, shown.append, every=0)
    assert len(tasks) == len(shown) == len(TASKS)
    assert shown[1].split() == ["airflow_clean_pin", "success", "7.0", "s"]


def test_a_run_that_failed_raises_the_tasks_reason() -> None:
    airflow = Airflow("failed", tasks=[task("airflow_clean_pin", "failed")])
    with pytest.raises(DagRunFailedError, match=r"^airflow_clean_pin: E: why$"):
        AirflowClient(airflow).follow(RUN, 60, lambda _: None, every=0)


def test_every_path_but_a_logs_is_short_enough_for_mwaa() -> None:
    airflow = Airflow("failed", "success")
    client = AirflowClient(airflow)
    client.run_for(DAG, DAY)
    client.follow(RUN, 60, lambda _: None, every=0)
    assert max(len(path) for _, path, _ in airflow.asked) <= 64


def test_seconds_are_those_between_the_dates() -> None:
    assert seconds_of(task("a", seconds=2.5)) == 2.5
    assert seconds_of(task("a") | {"end_date": None}) is None


# ---------------------------------------------------------------- templates, tried without a deployment


class Gateway:
    """boto3's `apigateway`, as far as templates are tried; `fails` lets the test of a method fail."""

    def __init__(self, fails: bool = False) -> None:
        self.fails, self.document, self.deleted = fails, {}, False

    def import_rest_api(self, body: str) -> dict[str, Any]:
        self.document = json.loads(body)
        return {"id": "abc"}

    def get_resources(self, **_: Any) -> dict[str, Any]:
        return {"items": [{"id": path, "path": path} for path in ("/", *self.document["paths"])]}

    def test_invoke_method(self, **given: Any) -> dict[str, Any]:
        if self.fails:
            raise ConnectionError
        return {"body": json.dumps({"sent to": given["pathWithQueryString"], "body": given["body"]})}

    def delete_rest_api(self, **_: Any) -> None:
        self.deleted = True


def test_each_template_has_a_path_of_its_own_with_the_students_account() -> None:
    gateway = Gateway()
    answers = try_templates(gateway, "210987654321", {"one": "1", "two": "2"}, "practice", {"records": []})
    assert answers["two"] == {"sent to": "/two/practice", "body": '{"records": []}'}
    integrations = {
        path: methods["put"]["x-amazon-apigateway-integration"] for path, methods in gateway.document["paths"].items()
    }
    assert {path: found["requestTemplates"] for path, found in integrations.items()} == {
        "/one/{stream-name}": {"application/json": "1"},
        "/two/{stream-name}": {"application/json": "2"},
    }
    assert all(found["credentials"].startswith("arn:aws:iam::210987654321:") for found in integrations.values())
    assert gateway.deleted


def test_the_api_for_practice_goes_away_where_the_test_fails_too() -> None:
    gateway = Gateway(fails=True)
    with pytest.raises(ConnectionError):
        try_templates(gateway, "1", {"one": "1"}, "practice", {})
    assert gateway.deleted


# ---------------------------------------------------------------- fingerprints of tables


@pytest.mark.sandbox
def test_a_row_more_less_or_other_is_another_fingerprint_and_the_order_is_not(tables: Any) -> None:
    from lib.table_fingerprints import fingerprints

    def fingerprint(*rows: tuple[int, list[float] | None]) -> tuple[int, str]:
        tables.overwrite(tables.spark.createDataFrame(list(rows), "ind int, coordinates array<double>"), "geo")
        (row,) = fingerprints(tables, ["geo"]).collect()
        return row["rows"], row.fingerprint

    one, two = (1, [1.0, 2.0]), (2, None)
    whole = fingerprint(one, two)
    assert whole == fingerprint(two, one)
    different: Callable[..., bool] = lambda *rows: fingerprint(*rows) != whole  # noqa: E731
    assert different(one) and different(one, two, two) and different(one, (2, [0.0]))
