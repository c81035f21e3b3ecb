"""What both DAGs run and when: the five job notebooks, their parameters, the schedule.

Settings come from the environment, for a DAG file is read every half a minute and should ask no database for them: the
sandbox sets them, MWAA's `startup.sh` exports them. A run started by hand may have others: they are the DAG's params.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

USER_ID = os.environ.get("USER_ID", "")
if not USER_ID:
    raise RuntimeError("USER_ID is not set: export it in dags/startup.sh, or start Airflow with `sandbox airflow up`.")

# A run without a logical date (Airflow 3 allows it) is labelled with its own id.
LOGICAL_DATE = "{{ dag_run.logical_date | ds if dag_run.logical_date else dag_run.run_id }}"
SETTINGS = {
    "catalog": os.environ.get("COURSE_CATALOG", "spark_catalog"),
    "schema": os.environ.get("COURSE_SCHEMA", "pinterest"),
    "raw_path": os.environ.get("RAW_PATH", f"s3a://user-{USER_ID}-bucket/topics"),
    "access_mode": os.environ.get("COURSE_ACCESS_MODE", "direct"),
    "secret_scope": os.environ.get("COURSE_SECRET_SCOPE", ""),
    "max_quarantine_share": "0.05",
}
_EVERYWHERE = ("catalog", "schema", "logical_date")
_CLEAN = (*_EVERYWHERE, "max_quarantine_share")
# Which parameters each notebook has; `clean_...` holds the quality gate, which fails the run with its reason.
PARAMETERS = {
    "load_data": (*_EVERYWHERE, "raw_path", "user_id", "access_mode", "secret_scope"),
    "clean_pin": _CLEAN,
    "clean_geo": _CLEAN,
    "clean_user": _CLEAN,
    "query_data": _EVERYWHERE,
}
# A run that failed is repeated soon, then later: a cluster that restarts needs minutes. All jobs are safe to repeat.
DEFAULT_ARGS = {
    "owner": USER_ID,
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(minutes=30),
}
DAG_ARGS: dict[str, Any] = {
    "schedule": "@daily",
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    # The date selects nothing: one run loads all that has landed, so there is nothing to catch up on.
    "catchup": False,
    "max_active_runs": 1,
    "default_args": DEFAULT_ARGS,
    "params": SETTINGS,
    "doc_md": __doc__,
}


def parameters(notebook: str) -> dict[str, str]:
    """The parameters of a job notebook, as templates."""
    values = {name: f"{{{{ params.{name} }}}}" for name in SETTINGS}
    values |= {"user_id": USER_ID, "logical_date": LOGICAL_DATE}
    return {name: values[name] for name in PARAMETERS[notebook]}


def task_id(notebook: str) -> str:
    """The name of a notebook's task, as the course has it."""
    return f"airflow_{notebook}"


def pipeline(task: Callable[[str], Any]) -> None:
    """Lay the tasks in their order, inside a DAG; `task` makes the one of a notebook."""
    cleaning = [task(f"clean_{entity}") for entity in ("pin", "geo", "user")]
    task("load_data") >> cleaning >> task("query_data")
