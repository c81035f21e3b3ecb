"""`python -m sandbox.servers.api_gateway --state FOLDER --port PORT --credentials FILE`.

The access log goes to standard output, everything else that is said to standard error.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

import uvicorn

from sandbox.servers.api_gateway.app import Gateway
from sandbox.servers.aws.arguments import credentials_file, loopback
from sandbox.servers.aws.errors import AwsError

# Longer than an integration may take (29 s), so that a stop cuts off no request.
SHUTDOWN_SECONDS = 30
# A client may leave its connection idle for so long and still find it open.
KEEP_ALIVE_SECONDS = 75


def main() -> None:
    """Run the gateway until SIGTERM or SIGINT; a clean stop ends with exit code 0."""
    arguments = _arguments()
    try:
        gateway = Gateway(arguments.state, arguments.credentials)
    except AwsError as error:
        sys.exit(f"api_gateway: {error}")
    # uvicorn raises the signal that stopped it once more when it is done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    uvicorn.run(
        gateway,
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


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.servers.api_gateway", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the definitions; made if it is not there")
    parser.add_argument("--host", type=loopback, default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--credentials",
        type=credentials_file,
        default=os.environ.get("AWS_SHARED_CREDENTIALS_FILE"),
        required="AWS_SHARED_CREDENTIALS_FILE" not in os.environ,
        help="AWS shared credentials file with the access keys that may sign (default: AWS_SHARED_CREDENTIALS_FILE)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
