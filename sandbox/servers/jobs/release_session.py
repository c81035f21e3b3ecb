"""`python -m sandbox.servers.jobs.release_session`: close the session that SPARK_REMOTE names, and end its queries."""

from __future__ import annotations

import logging
import os
import sys

from pyspark.sql.connect.client import DefaultChannelBuilder, SparkConnectClient

# Where nobody listens any more nothing is left to release.
FEW_TRIES = {"max_retries": 3}


def main() -> None:
    """Release the session: the server interrupts all that runs in it."""
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)
    client = SparkConnectClient(DefaultChannelBuilder(os.environ["SPARK_REMOTE"]), retry_policy=FEW_TRIES)
    try:
        client.release_session()
    except Exception as error:
        sys.exit(f"the cluster released no session: {type(error).__name__}")
    finally:
        client.close()


if __name__ == "__main__":
    main()
