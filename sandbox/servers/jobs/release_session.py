"""`python -m sandbox.servers.jobs.release_session`: close the session that SPARK_REMOTE names, and end its queries."""

from __future__ import annotations

import logging
import os

from pyspark.sql.connect.client import DefaultChannelBuilder, SparkConnectClient


def main() -> None:
    """Attach to the session and release it: the server interrupts all that runs in it."""
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
    client = SparkConnectClient(connection=DefaultChannelBuilder(os.environ["SPARK_REMOTE"]))
    client.release_session()
    client.close()


if __name__ == "__main__":
    main()
