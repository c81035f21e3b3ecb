"""Give every IPython kernel of the course's environment what Databricks gives: `spark`, `dbutils` and `display`.

Jupyter, papermill, nbval and VS Code all start kernels that load this extension, named in the environment's own
`etc/ipython/ipython_config.py`. So no notebook asks where it runs.
"""

import atexit
import os
import sys
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values
from IPython.core.interactiveshell import InteractiveShell

from sandbox.dbutils import DBUtils
from sandbox.doctor import AWS_KEYS
from sandbox.notebook_display import display
from sandbox.parts.base import listening
from sandbox.settings import load_settings

DOWN = "The sandbox is not running. Start it, then restart this kernel: sandbox up"


class NoSpark:
    """Stands where `spark` would be while the sandbox is down, and says so at first use."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise ConnectionError(DOWN)

    def __repr__(self) -> str:
        return DOWN


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Put the three names into the notebook's namespace."""
    load_environment()
    shell.push({"spark": connect(), "dbutils": DBUtils(), "display": display})


def load_environment() -> None:
    """Take over the values of `.env` that are not exported already, and warn of keys that would beat the profile."""
    for name, value in dotenv_values(load_settings().env_file).items():
        os.environ.setdefault(name, value or "")
    exported = [name for name in AWS_KEYS if os.environ.get(name)]
    if exported and os.environ.get("AWS_PROFILE"):
        print(f"{', '.join(exported)} is exported and beats the profile: unset {' '.join(exported)}", file=sys.stderr)


def connect() -> Any:
    """Open the session that SPARK_REMOTE names, with the token from the environment."""
    remote = os.environ.get("SPARK_REMOTE", "")
    address = urlsplit(remote)
    if not remote or (address.hostname == "localhost" and not (address.port and listening(address.port))):
        return NoSpark()
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(remote).getOrCreate()
    atexit.register(spark.stop)
    return spark
