"""A Spark session on the sandbox's cluster, for the sandbox's own use."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pyspark.sql.connect.session import SparkSession

from sandbox.errors import NotReadyError
from sandbox.parts.base import listening

if TYPE_CHECKING:
    from sandbox.parts.spark import Spark


@contextmanager
def session(part: "Spark") -> Iterator[SparkSession]:
    """Open a session and release it again.

    Raises:
        NotReadyError: nothing listens yet; the client itself would retry for minutes.
    """
    if not listening(part.port):
        raise NotReadyError("the port is closed")
    # The client logs every failed query as one huge JSON line; the exception says the same.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
    token = part.secrets.spark_token.get_secret_value()
    spark = SparkSession.builder.remote(f"{part.address}/;token={token}").create()
    try:
        yield spark
    finally:
        spark.stop()
