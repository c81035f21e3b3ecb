"""MWAA: Apache Airflow in an environment of its own, four processes that `sandbox airflow up` starts when asked.

The DAGs are those of `dags/`. The connection `databricks_default` leads to the sandbox's Jobs API; papermill finds the
course's kernel. Nothing listens but the API server, on 127.0.0.1: tasks write their logs to files, which it reads.
"""

import configparser
import hashlib
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from sandbox.environment import variables
from sandbox.errors import NotReadyError, PartFailedError
from sandbox.parts.base import HOST, Part
from sandbox.processes import set_up
from sandbox.secrets import Secrets
from sandbox.settings import ROOT, Settings, write_private

if TYPE_CHECKING:
    from sandbox.airflow_api import AirflowApi

ENVIRONMENT = ROOT / ".venv-airflow"
LOCK = ROOT / "requirements" / "airflow.txt"
NOTEBOOKS = ROOT / "notebooks" / "jobs"
KERNEL = "course"
TASKS_AT_ONCE = 4


def home(settings: Settings) -> Path:
    """Airflow's own home: its configuration, its database, the logs of its tasks."""
    return settings.data("airflow")


def executed_notebooks(settings: Settings) -> Path:
    """Where the papermill DAG keeps the executed notebooks, a folder a logical date."""
    return settings.home / "reports" / "airflow"


def airflow_environment(settings: Settings, secrets: Secrets) -> dict[str, str]:
    """What every process of Airflow finds: its home, the connection to Databricks, and what the DAGs ask for."""
    known = variables(settings, secrets)
    return {
        "AIRFLOW_HOME": str(home(settings)),
        # Airflow renames its processes; their environment, which carries our mark, stays readable.
        "SPT_NOENV": "1",
        "AIRFLOW_CONN_DATABRICKS_DEFAULT": connection(settings, secrets),
        "JUPYTER_PATH": str(home(settings) / "jupyter"),
        "JOB_NOTEBOOKS": str(NOTEBOOKS),
        "EXECUTED_NOTEBOOKS": str(executed_notebooks(settings)),
        "PATH": f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.defpath}",
        **{name: known[name] for name in ("USER_ID", "RAW_PATH")},
    }


def connection(settings: Settings, secrets: Secrets) -> str:
    """`databricks_default`: from these fields of it the provider takes plain HTTP (the schema) and the port."""
    return f"databricks://:{secrets.databricks_token.get_secret_value()}@{HOST}:{settings.ports['jobs']}/http"


def configure(settings: Settings, secrets: Secrets, deferrable: bool | None) -> bool:
    """Write Airflow's configuration and the kernel that papermill runs; tell whether anything changed.

    Args:
        deferrable: whether tasks are deferred; None leaves that as it is.
    """
    path = home(settings) / "airflow.cfg"
    deferrable = defers(path) if deferrable is None else deferrable
    texts = {
        path: configuration(settings, secrets, deferrable),
        home(settings) / "jupyter" / "kernels" / KERNEL / "kernel.json": kernel_spec(settings),
    }
    changed = {path: text for path, text in texts.items() if not path.exists() or path.read_text() != text}
    for path, text in changed.items():
        write_private(path, text)
    return bool(changed)


def defers(path: Path) -> bool:
    """Whether a configuration, if there is one, lets tasks be deferred."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(path)
    return parser.getboolean("operators", "default_deferrable", fallback=False)


def configuration(settings: Settings, secrets: Secrets, deferrable: bool) -> str:
    """`airflow.cfg`: what differs from Airflow's own defaults."""
    port, secret = settings.ports["airflow"], secrets.airflow.get_secret_value()
    sections: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": ROOT / "dags",
            "load_examples": False,
            "executor": "LocalExecutor",
            "parallelism": TASKS_AT_ONCE,
            # Whoever reaches 127.0.0.1 of this machine is let in.
            "simple_auth_manager_all_admins": True,
            "execution_api_server_url": f"http://{HOST}:{port}/execution/",
            # papermill's imports take a while on a busy machine.
            "dagbag_import_timeout": 120,
        },
        "database": {"sql_alchemy_conn": f"sqlite:///{home(settings)}/airflow.db"},
        "logging": {"base_log_folder": home(settings) / "logs"},
        "api": {"base_url": f"http://{HOST}:{port}", "secret_key": secret},
        "api_auth": {"jwt_secret": secret},
        "operators": {"default_deferrable": deferrable},
        "usage_data_collection": {"enabled": False},
    }
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict({name: {key: str(value) for key, value in values.items()} for name, values in sections.items()})
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def kernel_spec(settings: Settings) -> str:
    """The Jupyter kernel of the course's environment, which finds this sandbox."""
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    found = {"SANDBOX_HOME": str(settings.home), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    return json.dumps({"argv": command, "display_name": "The course", "language": "python", "env": found}, indent=2)


class Airflow(Part):
    """One process of Airflow."""

    stands_for = "MWAA"
    seconds = 180
    stop_seconds = 30
    words: ClassVar[tuple[str, ...]]

    @property
    def folder(self) -> Path:
        """Airflow's home: the four share it."""
        return home(self.settings)

    @property
    def address(self) -> str:
        """Where the pages are."""
        return f"http://{HOST}:{self.settings.ports['airflow']}"

    @property
    def dag_id(self) -> str:
        """The DAG that runs the notebooks on Databricks."""
        return f"{self.secrets.user_id}_dag"

    @property
    def api(self) -> "AirflowApi":
        """Its REST API."""
        from sandbox.airflow_api import AirflowApi

        return AirflowApi(self.address)

    def prepare(self) -> None:
        """Nothing: the API server makes the database, and the others wait for it."""

    def command(self) -> Sequence[str | Path]:
        """Run it in the foreground."""
        return [ENVIRONMENT / "bin" / "airflow", *self.words]

    def environment(self) -> Mapping[str, str]:
        """What every process of Airflow finds."""
        return airflow_environment(self.settings, self.secrets)

    def require_health(self, component: str) -> None:
        """Raise NotReadyError until Airflow itself calls a component healthy."""
        status = self.api.health()[component]["status"]
        if status != "healthy":
            raise NotReadyError(f"Airflow calls its {component} {status}")


class AirflowApiServer(Airflow):
    """The API server: the pages, the REST API, and what the tasks report to."""

    name = "airflow-api"
    port_names = ("airflow",)

    def prepare(self) -> None:
        """Make the database, or bring it to this Airflow's version."""
        stamp, wanted = self.folder / "database.version", hashlib.sha256(LOCK.read_bytes()).hexdigest()
        if stamp.exists() and stamp.read_text() == wanted:
            return
        command: list[str | Path] = [ENVIRONMENT / "bin" / "airflow", "db", "migrate"]
        done = set_up(self.settings, self.name, command, environment=self.environment())
        if done.returncode != 0:
            fact = f"Airflow's database could not be made: {done.stderr.strip()[-400:]}"
            raise PartFailedError(fact, f"Begin anew, without its runs: rm -r {self.folder}; then: sandbox airflow up")
        write_private(stamp, wanted)

    def command(self) -> Sequence[str | Path]:
        """Listen on 127.0.0.1."""
        words = ["api-server", "--host", HOST, "--port", str(self.port), "--workers", "1"]
        return [ENVIRONMENT / "bin" / "airflow", *words]

    def probe(self) -> None:
        """Ask for the database's health."""
        self.require_health("metadatabase")


class AirflowScheduler(Airflow):
    """The scheduler, which runs the tasks too."""

    name = "airflow-scheduler"
    needs = ("airflow-api",)
    words = ("scheduler", "--skip-serve-logs")

    def probe(self) -> None:
        """Ask the API server about it."""
        self.require_health("scheduler")


class AirflowTriggerer(Airflow):
    """The triggerer, which waits for deferred tasks."""

    name = "airflow-triggerer"
    needs = ("airflow-api",)
    words = ("triggerer", "--skip-serve-logs")

    def probe(self) -> None:
        """Ask the API server about it."""
        self.require_health("triggerer")


class AirflowDagProcessor(Airflow):
    """The processor that reads the files of `dags/`."""

    name = "airflow-dags"
    needs = ("airflow-api",)
    words = ("dag-processor",)

    def probe(self) -> None:
        """Ask for the student's DAG; a file that cannot be imported says why."""
        self.require_health("dag_processor")
        if not self.api.knows(self.dag_id):
            raise NotReadyError(self.api.import_errors() or f"{self.dag_id} is not read yet")


AIRFLOW: tuple[type[Airflow], ...] = (AirflowApiServer, AirflowScheduler, AirflowTriggerer, AirflowDagProcessor)
