"""What a notebook needs before its first call: its parameters, and a session that gives the same answers anywhere."""

from __future__ import annotations

import logging
from dataclasses import dataclass, fields
from typing import Any

from pyspark.sql import SparkSession

from lib.errors import SettingsError

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
}
# Spark's client prints every server error as JSON of some hundred lines, also those that are caught and explained.
_LOUD_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of the notebooks.

    Attributes:
        catalog: the catalog of the tables, `spark_catalog` in the sandbox.
        schema: the schema of the tables.
        raw_path: the folder with the topics' folders, e.g. `s3a://user-USER_ID-bucket/topics`.
        user_id: the id in the topics' names.
        access_mode: how Spark reaches `raw_path`: `direct`, `mount` or `volume` (see `lib.landing_zone`).
        logical_date: labels the run; it selects nothing, each run loads whatever is not loaded yet.
        max_quarantine_share: share of an entity's rows, 0 to 1, that may end in `quarantine` before cleaning fails.
        checkpoint_path: the folder of the streaming queries' checkpoints; Spark's place, as `raw_path` is.
        region: where the Kinesis streams are.
        mode: `available_now` takes what is in the streams and ends, `continuous` goes on.
        run_seconds: how long a continuous run lasts; empty for until it is stopped.
        secret_scope: where AWS keys lie, as `aws_access_key` and `aws_secret_key`; empty where Spark has rights itself.
        service_credential: the Unity Catalog service credential that reads the streams; empty for none.
        bucket: the bucket that the topics land in.
        api_invoke_url: the API's address with its stage, e.g. `https://ID.execute-api.REGION.amazonaws.com/prod`.
        bootstrap_servers: Kafka's addresses, `host:port` with commas.
        kafka_client_properties: the file that says how a Kafka client authenticates.
        airflow_url: where Airflow is: `http://host:port`, or `mwaa:NAME` of an MWAA environment.
        databricks_notebooks: the workspace folder with the job notebooks, as DATABRICKS_NOTEBOOKS of the DAG.
        catch_up: the command that makes what earlier parts leave behind (`lib.catch_up`); empty on AWS.
        answer_key: the file of the salted answers to the student's own data (`lib.answer_key`).
        strict_checks: anything at all: a failed check raises (`lib.checks`).
    """

    catalog: str = ""
    schema: str = ""
    raw_path: str = ""
    user_id: str = ""
    logical_date: str = ""
    access_mode: str = "direct"
    max_quarantine_share: str = "1"
    checkpoint_path: str = ""
    region: str = "us-east-1"
    mode: str = "available_now"
    run_seconds: str = ""
    secret_scope: str = ""
    service_credential: str = ""
    bucket: str = ""
    api_invoke_url: str = ""
    bootstrap_servers: str = ""
    kafka_client_properties: str = ""
    airflow_url: str = ""
    databricks_notebooks: str = ""
    catch_up: str = ""
    answer_key: str = ""
    strict_checks: str = ""

    def __repr__(self) -> str:
        """What is set, a line each."""
        told = [f"    {field.name}={value!r}," for field in fields(self) if (value := getattr(self, field.name))]
        return "\n".join(["Parameters(", *told, ")"])

    def require(self, *names: str) -> None:
        """Raise SettingsError if one of the parameters called `names` is empty."""
        missing = [name for name in names if not getattr(self, name)]
        if missing:
            raise SettingsError(
                f"The parameter {' and '.join(missing)} is empty. In the sandbox `sandbox env` prints RAW_PATH, "
                "CHECKPOINT_PATH and USER_ID to export before the kernel starts; on Databricks set it as a job "
                "parameter or a widget."
            )

    def aws_keys(self, dbutils: Any, access_name: str, secret_name: str) -> dict[str, str]:
        """The AWS keys that `secret_scope` holds, under the names that whoever takes them gives them; none without a
        scope."""
        if not self.secret_scope:
            return {}
        keys = {access_name: "aws_access_key", secret_name: "aws_secret_key"}
        return {name: dbutils.secrets.get(self.secret_scope, key) for name, key in keys.items()}

    @property
    def quarantine_limit(self) -> float:
        """`max_quarantine_share` as a number. Raises SettingsError if it is none from 0 to 1."""
        try:
            limit = float(self.max_quarantine_share)
        except ValueError:
            limit = -1
        if not 0 <= limit <= 1:
            raise SettingsError(f"max_quarantine_share is {self.max_quarantine_share!r}: set a number from 0 to 1.")
        return limit


def overlay(dbutils: Any, **defaults: str) -> Parameters:
    """The notebook's `parameters` cell, each value replaced by the widget of the same name if there is one.

    Databricks hands a job's parameters over as widgets and ignores papermill's cell; papermill rewrites the cell and
    knows no widgets. A default declares the widget, and declaring one that a job has set keeps the job's value.

    Args:
        dbutils: as every Databricks notebook and every kernel of the course's environment has it.
        defaults: the variables of the `parameters` cell, named like the fields of `Parameters`.

    Raises:
        SettingsError: a name is no parameter of the notebooks.
    """
    unknown = sorted(set(defaults) - {field.name for field in fields(Parameters)})
    if unknown:
        raise SettingsError(f"The notebooks have no parameter {', '.join(unknown)}: correct the parameters cell.")
    for name, default in defaults.items():
        dbutils.widgets.text(name, default)
    return Parameters(**{name: dbutils.widgets.get(name) for name in defaults})


def prepare(spark: SparkSession) -> None:
    """Years and timestamps in UTC and ANSI SQL, whatever the server's and the client's own settings are."""
    for name, value in _SETTINGS.items():
        spark.conf.set(name, value)
    for logger in _LOUD_LOGGERS:
        logging.getLogger(logger).setLevel(logging.CRITICAL + 1)
