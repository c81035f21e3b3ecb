"""Airflow's REST API, version 2: over HTTP to any server, or by boto3 to an environment of MWAA.

A transport asks one request; the client knows what to ask. Paths are those of the API's reference, without `/api/v2`:
`/dags/{dag_id}/dagRuns`.

    airflow = AirflowClient(transport_to("http://127.0.0.1:8080"))     # or transport_to("mwaa:pinterest")
    run = airflow.run_for("USER_ID_dag", date(2026, 3, 1))
    tasks = airflow.follow(run, seconds=600)
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

import boto3
import requests
from botocore.exceptions import BotoCoreError, ClientError
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from lib.errors import CourseError, SettingsError
from lib.waiting import wait_for

Facts = dict[str, Any]

MWAA = "mwaa:"
# The longest path that MWAA passes on. So a run is asked for by its date, and its tasks by a list: a run's own path is
# longer.
MWAA_PATH_LENGTH = 64
SECONDS = 30
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
ENDED = ("success", "failed")
# Airflow on SQLite refuses one of two that write in the same moment; a second run of a date is refused as such.
_AGAIN = Retry(
    status=5, connect=0, read=0, status_forcelist=[500], allowed_methods=None, backoff_factor=0.2, raise_on_status=False
)
# Lines of a failed task's log that tell why: the error of the notebook's cell stands in one that begins so.
_TELLING = ("Error", "Exception", "failed with terminal state")


class AirflowUnreachableError(CourseError):
    """Nothing answers where Airflow should be."""


class AirflowRefusedError(CourseError):
    """Airflow refuses a request.

    Attributes:
        status: the HTTP status, e.g. 409 for a second run of the same logical date.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class DagRunFailedError(CourseError):
    """A task of a run failed; the message is the task and its reason."""


class Transport(Protocol):
    """What carries one request to Airflow."""

    def ask(self, method: str, path: str, body: Facts | None = None, query: Facts | None = None) -> Facts:
        """The answer to a request. Raises AirflowUnreachableError or AirflowRefusedError."""


def transport_to(airflow_url: str) -> Transport:
    """The transport that an address asks for: `http://host:port`, `https://user:password@host`, or `mwaa:NAME`.

    Raises:
        SettingsError: it is none of these.
    """
    if airflow_url.startswith(MWAA):
        return MwaaTransport(airflow_url.removeprefix(MWAA))
    if urlsplit(airflow_url).scheme in ("http", "https"):
        return HttpTransport(airflow_url)
    raise SettingsError(
        f"airflow_url is {airflow_url!r}: set it to http://host:port, or to mwaa:NAME for an environment of MWAA. "
        "In the sandbox `sandbox env` prints it as AIRFLOW_URL."
    )


class HttpTransport:
    """A server that is reached over HTTP, and gives tokens: to everybody, or to the user in the address."""

    def __init__(self, url: str, session: requests.Session | None = None) -> None:
        """Prepare; nothing is sent yet."""
        parts = urlsplit(url)
        self.address = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        self._user = parts.username and {
            "username": unquote(parts.username),
            "password": unquote(parts.password or ""),
        }
        self._session = session or _session(self.address)
        self._token = ""

    def ask(self, method: str, path: str, body: Facts | None = None, query: Facts | None = None) -> Facts:
        """The answer to a request, with a token that is asked for when it is needed."""
        answer = self._send(method, path, body, query)
        if answer.status_code == 401:
            self._token = ""
            answer = self._send(method, path, body, query)
        return _told(answer)

    def _send(self, method: str, path: str, body: Facts | None, query: Facts | None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self._bearer()}"}
        return self._request(method, f"/api/v2{path}", json=body, params=query, headers=headers)

    def _bearer(self) -> str:
        if not self._token:
            method = "POST" if self._user else "GET"
            self._token = _told(self._request(method, "/auth/token", json=self._user))["access_token"]
        return self._token

    def _request(self, method: str, path: str, **given: Any) -> requests.Response:
        try:
            return self._session.request(method, f"{self.address}{path}", timeout=SECONDS, **given)
        except requests.RequestException as error:
            raise AirflowUnreachableError(
                f"Airflow does not answer at {self.address}: start it with `sandbox airflow up`, or correct "
                "airflow_url."
            ) from error


class MwaaTransport:
    """An environment of MWAA: AWS signs the caller in, and passes the request on to Airflow."""

    def __init__(self, environment: str, client: Any = None) -> None:
        """`client` is boto3's `mwaa`; by default that of the profile."""
        self.environment = environment
        self._client = client or boto3.client("mwaa")

    def ask(self, method: str, path: str, body: Facts | None = None, query: Facts | None = None) -> Facts:
        """The answer to a request, for which the caller needs the right `airflow:InvokeRestApi`."""
        if len(path) > MWAA_PATH_LENGTH:
            raise AirflowRefusedError(
                f"MWAA passes on paths of {MWAA_PATH_LENGTH} characters at most, and {path} has {len(path)}. The log "
                f"of a task is in CloudWatch: log group airflow-{self.environment}-Task.",
                status=400,
            )
        given = {"Body": body, "QueryParameters": query}
        optional = {name: value for name, value in given.items() if value is not None}
        try:
            answer = self._client.invoke_rest_api(Name=self.environment, Method=method, Path=path, **optional)
        except ClientError as error:
            raise self._refused(method, path, error.response) from error
        except BotoCoreError as error:
            raise AirflowUnreachableError(f"MWAA does not answer for {self.environment}: {error}") from error
        return dict(answer.get("RestApiResponse") or {})

    def _refused(self, method: str, path: str, response: Facts) -> CourseError:
        status = response.get("RestApiStatusCode")
        if status is not None:
            return AirflowRefusedError(_refusal(status, method, path, response.get("RestApiResponse")), int(status))
        error = response["Error"]
        return AirflowUnreachableError(
            f"MWAA does not pass requests on to {self.environment}: {error['Code']}: {error.get('Message', '')}"
        )


def _session(address: str) -> requests.Session:
    session = requests.Session()
    # A proxy set for the internet has no business between this machine and itself.
    session.trust_env = urlsplit(address).hostname not in LOOPBACK
    session.mount(address, HTTPAdapter(max_retries=_AGAIN))
    return session


def _told(answer: requests.Response) -> Facts:
    if not answer.ok:
        method, path = str(answer.request.method), answer.request.path_url.removeprefix("/api/v2")
        raise AirflowRefusedError(_refusal(answer.status_code, method, path, answer.text), answer.status_code)
    return dict(answer.json()) if answer.content else {}


def _refusal(status: int, method: str, path: str, why: Any) -> str:
    return f"Airflow answers {status} to {method} {path}: {_reason(why)[:300]}"


def _reason(why: Any) -> str:
    """The one sentence of Airflow's answer, where it is JSON with a `detail`; else all of it."""
    try:
        told = json.loads(why) if isinstance(why, str) else why
    except ValueError:
        return str(why)
    detail = told.get("detail", told) if isinstance(told, dict) else told
    return str(detail.get("reason", detail) if isinstance(detail, dict) else detail)


class AirflowClient:
    """What the course asks of Airflow."""

    def __init__(self, transport: Transport) -> None:
        """Ask through `transport`."""
        self._transport = transport

    def run_of(self, dag_id: str, day: date) -> Facts | None:
        """The run of a logical date, None if there is none."""
        found = self._runs_at(dag_id, _midnight(day))
        return found[0] if found else None

    def run_for(self, dag_id: str, day: date, conf: Facts | None = None) -> Facts:
        """See to it that a date has a run: one that succeeded or is under way is left alone, a failed one is repeated.

        The DAG's schedule lives from then on, for a paused DAG runs nothing.

        Args:
            conf: values for the DAG's params, for this run alone.
        """
        run = self.run_of(dag_id, day)
        if run is None:
            body: Facts = {"logical_date": _midnight(day), "run_after": _earlier_of_now_and(day), "conf": conf or {}}
            run = self._transport.ask("POST", f"/dags/{dag_id}/dagRuns", body)
        elif run["state"] == "failed":
            body = {"dag_run_id": run["dag_run_id"], "dry_run": False, "only_failed": False}
            self._transport.ask("POST", f"/dags/{dag_id}/clearTaskInstances", body)
        self._transport.ask("PATCH", f"/dags/{dag_id}", {"is_paused": False})
        return run

    def tasks(self, run: Facts) -> list[Facts]:
        """The tasks of a run in the order in which they began: task_id, state, try_number, start_date, end_date, ..."""
        body = {"dag_ids": [run["dag_id"]], "dag_run_ids": [run["dag_run_id"]]}
        found = self._transport.ask("POST", "/dags/~/dagRuns/~/taskInstances/list", body)["task_instances"]
        return sorted(found, key=lambda task: (task["start_date"] or "~", task["task_id"]))

    def log(self, run: Facts, task: Facts) -> list[str]:
        """The lines of the log of a task's last try. MWAA refuses to give it: there it is in CloudWatch."""
        tries = f"{task['task_id']}/logs/{task['try_number']}"
        path = f"/dags/{run['dag_id']}/dagRuns/{quote(run['dag_run_id'], safe='')}/taskInstances/{tries}"
        answer = self._transport.ask("GET", path, query={"full_content": "true"})
        return [line for entry in answer["content"] for line in _lines(entry)]

    def follow(
        self, run: Facts, seconds: float, show: Callable[[str], None] = print, every: float = 1.0
    ) -> list[Facts]:
        """Show each change of a task's state until the run has ended; its tasks, as `tasks` gives them.

        Args:
            run: with a logical date.

        Raises:
            DagRunFailedError: a task failed.
            WaitedTooLongError: the run has not ended within `seconds`.
        """
        shown: set[tuple[str, str, int]] = set()

        def ended() -> str | None:
            (now,) = self._runs_at(run["dag_id"], run["logical_date"])
            for task in self.tasks(run):
                told = (task["task_id"], str(task["state"] or "waiting"), int(task["try_number"]))
                if told not in shown and told[1] != "waiting":
                    shown.add(told)
                    show(_line(task))
            return now["state"] if now["state"] in ENDED else None

        if wait_for(f"the run {run['dag_run_id']} to end", ended, seconds, every) == "failed":
            raise DagRunFailedError(self.reason(run))
        return self.tasks(run)

    def reason(self, run: Facts) -> str:
        """Why a run failed: the first task that did, and the last telling line of its log."""
        failed = [task for task in self.tasks(run) if task["state"] == "failed"]
        if not failed:
            return f"The run {run['dag_run_id']} failed, and no task of it tells why."
        try:
            lines = self.log(run, failed[0])
        except AirflowRefusedError as error:
            lines = [str(error)]
        telling = [line for line in lines if any(word in line for word in _TELLING)]
        return f"{failed[0]['task_id']}: {(telling or lines or ['no log'])[-1].strip()[:1000]}"

    def _runs_at(self, dag_id: str, moment: str) -> list[Facts]:
        bounds = {"logical_date_gte": moment, "logical_date_lte": moment}
        return list(self._transport.ask("GET", f"/dags/{dag_id}/dagRuns", query=bounds)["dag_runs"])


def seconds_of(task: Facts) -> float | None:
    """Seconds that a task took, by its own dates; None while it has not ended. Airflow 3.2's `duration` is another."""
    if not task["start_date"] or not task["end_date"]:
        return None
    began, ended = (datetime.fromisoformat(task[name]) for name in ("start_date", "end_date"))
    return (ended - began).total_seconds()


def _line(task: Facts) -> str:
    took = seconds_of(task)
    again = f"  try {task['try_number']}" if task["try_number"] > 1 else ""
    return f"{task['task_id']:20} {task['state']:12}" + (f" {took:6.1f} s" if took is not None else "") + again


def _lines(entry: Any) -> list[str]:
    """A log entry's message, and the errors that it carries."""
    if not isinstance(entry, dict):
        return str(entry).splitlines()
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or []]
    return [*str(entry.get("event", "")).splitlines(), *errors]


def _midnight(day: date) -> str:
    return datetime.combine(day, time.min, UTC).isoformat()


def _earlier_of_now_and(day: date) -> str:
    """So that a run starts at once, and before the one that the schedule makes for today."""
    return min(datetime.combine(day, time.min, UTC), datetime.now(UTC)).isoformat()
