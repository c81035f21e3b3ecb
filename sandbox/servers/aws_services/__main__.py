"""`python -m sandbox.servers.aws_services --state FOLDER --port PORT --credentials FILE --user NAME --access-key ID`.

It also takes `--logs FOLDER` and `--connector-log-groups FILE`: what it shows of the other servers' logs.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import time
from pathlib import Path

import uvicorn

from sandbox.servers.aws.arguments import credentials_file, loopback
from sandbox.servers.aws.credentials import CredentialsFile
from sandbox.servers.aws.errors import AwsError
from sandbox.servers.aws_services.app import AwsServices
from sandbox.servers.aws_services.identities import Identities
from sandbox.servers.aws_services.log_shipping import LogShipping
from sandbox.servers.aws_services.services import Services

LOG = logging.getLogger("sandbox.servers.aws_services")
SHUTDOWN_SECONDS = 10
# A client may leave its connection idle for so long and still find it open.
KEEP_ALIVE_SECONDS = 75


def main() -> None:
    """Run the services until SIGTERM or SIGINT; a clean stop ends with exit code 0."""
    arguments = _arguments()
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    LOG.setLevel(logging.INFO)
    try:
        application = _application(arguments)
    except AwsError as error:
        sys.exit(f"aws_services: {error}")
    # uvicorn raises the signal that stopped it once more when it is done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    uvicorn.run(
        application,
        host=arguments.host,
        port=arguments.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        server_header=False,
        log_level="warning",
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


def _application(arguments: argparse.Namespace) -> AwsServices:
    began = time.monotonic()
    services = Services(arguments.state)
    services.enrol(arguments.user, arguments.access_key)
    LOG.info("replayed %d calls in %.2f s", services.replay(), time.monotonic() - began)
    shipping = LogShipping(services, arguments.logs, arguments.connector_log_groups)
    return AwsServices(services, Identities(CredentialsFile(arguments.credentials)), shipping.ship)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.servers.aws_services", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the recording; made if it is not there")
    parser.add_argument("--host", type=loopback, default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--credentials",
        type=credentials_file,
        default=os.environ.get("AWS_SHARED_CREDENTIALS_FILE"),
        required="AWS_SHARED_CREDENTIALS_FILE" not in os.environ,
        help="AWS shared credentials file with the access keys that may sign (default: AWS_SHARED_CREDENTIALS_FILE)",
    )
    parser.add_argument("--user", required=True, help="the IAM user of the sandbox")
    parser.add_argument("--access-key", required=True, help="the identifier of that user's access key")
    parser.add_argument("--logs", type=Path, required=True, help="folder of the servers' log files")
    parser.add_argument(
        "--connector-log-groups", type=Path, required=True, help="JSON file, connector's name: name of its log group"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
