"""`python -m sandbox.servers.api_gateway --state FOLDER --port PORT --credentials FILE`.

The access log goes to standard output, everything else that is said to standard error.
"""

from __future__ import annotations

import argparse
import sys

from sandbox.servers.api_gateway.app import Gateway
from sandbox.servers.aws.arguments import parser_of
from sandbox.servers.aws.errors import AwsError
from sandbox.servers.serving import serve

# Longer than an integration may take (29 s), so that a stop cuts off no request.
SHUTDOWN_SECONDS = 30


def main() -> None:
    """Run the gateway until SIGTERM or SIGINT; a clean stop ends with exit code 0."""
    arguments = _arguments()
    try:
        gateway = Gateway(arguments.state, arguments.credentials)
    except AwsError as error:
        sys.exit(f"api_gateway: {error}")
    serve(gateway, arguments.host, arguments.port, SHUTDOWN_SECONDS)


def _arguments() -> argparse.Namespace:
    return parser_of("api_gateway", __doc__).parse_args()


if __name__ == "__main__":
    main()
