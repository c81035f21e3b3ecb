"""Airflow's REST API (v2), as far as the sandbox uses it."""

from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from sandbox.errors import SandboxError

SECONDS = 30
# Airflow's SQLite refuses one of two that write in the same moment: nothing of it is done, and the same is asked again.
AGAIN = Retry(
    status=5, connect=0, read=0, status_forcelist=[500], allowed_methods=None, backoff_factor=0.2, raise_on_status=False
)
# States in which a run goes on by itself.
UNDER_WAY = ("queued", "running")
Facts = dict[str, Any]


class AirflowRefusedError(SandboxError):
    """Airflow did not do what it was asked."""


class AirflowApi:
    """The API server at an address that lets everybody in."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._http = requests.Session()
        self._http.mount(address, HTTPAdapter(max_retries=AGAIN))

    def health(self) -> Facts:
        """The health of each component: metadatabase, scheduler, triggerer, dag_processor."""
        return self.ask("GET", "/api/v2/monitor/health")

    def knows(self, dag_id: str) -> bool:
        """Whether the DAG's file was read."""
        return self.request("GET", f"/api/v2/dags/{dag_id}").status_code == 200

    def import_errors(self) -> str:
        """The last line of each file that could not be imported."""
        found = self.ask("GET", "/api/v2/importErrors")["import_errors"]
        return "; ".join(f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in found)

    def start(self, dag_id: str, day: date) -> str:
        """Run a DAG for a date, anew where it ran for that date before, and let its schedule live; the run's id.

        A run that is under way already is left alone.
        """
        run_id = self._make_or_clear(dag_id, datetime.combine(day, datetime.min.time(), UTC))
        self.ask("PATCH", f"/api/v2/dags/{dag_id}", {"is_paused": False})
        return run_id

    def _make_or_clear(self, dag_id: str, logical_date: datetime) -> str:
        """Make the run of a logical date, or clear the one there is; the run's id.

        It may start at once, and before the run that the schedule makes for today.
        """
        run_after = min(logical_date, datetime.now(UTC))
        body = {"logical_date": logical_date.isoformat(), "run_after": run_after.isoformat()}
        answer = self.request("POST", f"/api/v2/dags/{dag_id}/dagRuns", body)
        if answer.status_code != 409:
            return str(told(answer)["dag_run_id"])
        run = self.run_of(dag_id, logical_date.isoformat())
        if run["state"] not in UNDER_WAY:
            self.ask("POST", f"{run_path(dag_id, run['dag_run_id'])}/clear", {"dry_run": False})
        return str(run["dag_run_id"])

    def run_of(self, dag_id: str, logical_date: str) -> Facts:
        """The run of a logical date."""
        bounds = {"logical_date_gte": logical_date, "logical_date_lte": logical_date}
        (run,) = self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns", query=bounds)["dag_runs"]
        return dict(run)

    def runs(self, dag_id: str) -> list[Facts]:
        """The runs of a DAG, the one that began last first."""
        return list(self.ask("GET", f"/api/v2/dags/{dag_id}/dagRuns", query={"order_by": "-start_date"})["dag_runs"])

    def run(self, dag_id: str, run_id: str) -> Facts:
        """A run: state, start_date, end_date, ..."""
        return self.ask("GET", run_path(dag_id, run_id))

    def tasks(self, dag_id: str, run_id: str) -> list[Facts]:
        """The tasks of a run: task_id, state, try_number, duration, ..."""
        return list(self.ask("GET", f"{run_path(dag_id, run_id)}/taskInstances")["task_instances"])

    def log(self, dag_id: str, run_id: str, task_id: str, try_number: int) -> str:
        """The log of one try of a task, a message a line."""
        path = f"{run_path(dag_id, run_id)}/taskInstances/{task_id}/logs/{try_number}"
        answer = self.ask("GET", path, query={"full_content": "true"})
        return "\n".join(line_of(entry) for entry in answer["content"])

    def page(self, dag_id: str, run_id: str) -> str:
        """The page of a run, with the grid beside it."""
        return f"{self.address}/dags/{dag_id}/runs/{quote(run_id, safe='')}"

    def ask(self, method: str, path: str, body: Facts | None = None, query: Facts | None = None) -> Facts:
        """What a request is answered with. Raises AirflowRefusedError where it is refused."""
        return told(self.request(method, path, body, query))

    def request(
        self, method: str, path: str, body: Facts | None = None, query: Facts | None = None
    ) -> requests.Response:
        """One request, with a token; the server gives one to whoever asks."""
        if "Authorization" not in self._http.headers and not path.endswith("/health"):
            token = told(self._http.get(f"{self.address}/auth/token", timeout=SECONDS))["access_token"]
            self._http.headers["Authorization"] = f"Bearer {token}"
        return self._http.request(method, f"{self.address}{path}", json=body, params=query, timeout=SECONDS)


def run_path(dag_id: str, run_id: str) -> str:
    """The path of a run."""
    return f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"


def told(answer: requests.Response) -> Facts:
    """What a good answer says. Raises AirflowRefusedError where it is none."""
    if answer.ok:
        return dict(answer.json())
    raise AirflowRefusedError(
        f"Airflow answered {answer.status_code} to {answer.request.method} {answer.request.path_url}: "
        f"{answer.text[:300]}",
        "Read why: sandbox logs airflow-api",
    )


def line_of(entry: Any) -> str:
    """A log entry's message, with the error that it carries."""
    if not isinstance(entry, dict):
        return str(entry)
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or []]
    return "\n".join([str(entry.get("event", "")), *errors])
