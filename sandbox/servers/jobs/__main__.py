"""`python -m sandbox.servers.jobs --state FOLDER --notebooks FOLDER --port PORT`; DATABRICKS_TOKEN is its token."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from sandbox.servers.jobs.app import JobsService
from sandbox.servers.serving import serve

# Notebooks under way are ended at a stop, and their sessions on the cluster released.
SHUTDOWN_SECONDS = 5


def main() -> None:
    """Run the service until SIGTERM or SIGINT; a clean stop ends with exit code 0."""
    arguments = _arguments()
    token = os.environ.get("DATABRICKS_TOKEN", "")
    if not token:
        sys.exit("jobs: DATABRICKS_TOKEN is not set; set it to the token that clients are to send")
    address = f"http://{arguments.host}:{arguments.port}"
    arguments.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    service = JobsService(arguments.state.resolve(), arguments.notebooks, address, token)
    serve(service.application(), arguments.host, arguments.port, SHUTDOWN_SECONDS, lifespan="on")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.servers.jobs", description="Databricks Jobs API")
    parser.add_argument("--state", type=Path, required=True, help="folder of the runs and their executed notebooks")
    parser.add_argument("--notebooks", type=Path, required=True, help="folder of the workspace's notebooks")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, required=True, help="port to listen on")
    return parser.parse_args()


if __name__ == "__main__":
    main()
