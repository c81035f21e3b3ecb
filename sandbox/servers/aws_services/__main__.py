"""`python -m sandbox.servers.aws_services --state FOLDER --port PORT --credentials FILE --user NAME --access-key ID`.

It also takes `--logs FOLDER` and `--connector-log-groups FILE`: what it shows of the other servers' logs.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from pathlib import Path

from sandbox.servers.aws.arguments import parser_of
from sandbox.servers.aws.credentials import CredentialsFile
from sandbox.servers.aws.errors import AwsError
from sandbox.servers.aws_services.app import AwsServices
from sandbox.servers.aws_services.identities import Identities
from sandbox.servers.aws_services.log_shipping import LogShipping
from sandbox.servers.aws_services.services import Services
from sandbox.servers.serving import serve

LOG = logging.getLogger("sandbox.servers.aws_services")
SHUTDOWN_SECONDS = 10


def main() -> None:
    """Run the services until SIGTERM or SIGINT; a clean stop ends with exit code 0."""
    arguments = _arguments()
    logging.basicConfig(stream=sys.stdout, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    LOG.setLevel(logging.INFO)
    try:
        application = _application(arguments)
    except AwsError as error:
        sys.exit(f"aws_services: {error}")
    serve(application, arguments.host, arguments.port, SHUTDOWN_SECONDS)


def _application(arguments: argparse.Namespace) -> AwsServices:
    began = time.monotonic()
    services = Services(arguments.state)
    services.enrol(arguments.user, arguments.access_key)
    LOG.info("replayed %d calls in %.2f s", services.replay(), time.monotonic() - began)
    shipping = LogShipping(services, arguments.logs, arguments.connector_log_groups)
    return AwsServices(services, Identities(CredentialsFile(arguments.credentials)), shipping.ship)


def _arguments() -> argparse.Namespace:
    parser = parser_of("aws_services", __doc__, "recording")
    parser.add_argument("--user", required=True, help="the IAM user of the sandbox")
    parser.add_argument("--access-key", required=True, help="the identifier of that user's access key")
    parser.add_argument("--logs", type=Path, required=True, help="folder of the servers' log files")
    parser.add_argument(
        "--connector-log-groups", type=Path, required=True, help="JSON file, connector's name: name of its log group"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
