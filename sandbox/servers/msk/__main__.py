"""`python -m sandbox.servers.msk --state FOLDER --port PORT --connectors FOLDER --bootstrap-servers HOST:PORT ...`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

import uvicorn

from sandbox.servers.aws.arguments import credentials_file, loopback
from sandbox.servers.aws.errors import AwsError
from sandbox.servers.msk.app import Msk
from sandbox.servers.msk.plugin_files import PluginFiles
from sandbox.servers.msk.state import Broker
from sandbox.servers.msk.worker_folder import WorkerFolder


def main() -> None:
    """Run the server until SIGTERM or SIGINT; a clean stop ends with exit code 0."""
    arguments = _arguments()
    broker = Broker(arguments.cluster, arguments.kafka_version, arguments.bootstrap_servers)
    worker, files = WorkerFolder(arguments.connectors), PluginFiles(arguments.s3_endpoint)
    try:
        application = Msk(arguments.state, arguments.credentials, broker, worker, files)
    except AwsError as error:
        sys.exit(f"msk: {error}")
    # uvicorn raises the signal that stopped it once more when it is done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    uvicorn.run(
        application,
        host=arguments.host,
        port=arguments.port,
        http="httptools",
        ws="none",
        access_log=False,
        server_header=False,
        log_level="warning",
        proxy_headers=False,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.servers.msk", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the definitions; made if it is not there")
    parser.add_argument("--host", type=loopback, default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--connectors", type=Path, required=True, help="the folder that the sink worker follows")
    parser.add_argument("--bootstrap-servers", required=True, help="the broker, as HOST:PORT")
    parser.add_argument("--kafka-version", required=True, help="the version of the broker")
    parser.add_argument("--cluster", default="pinterest-msk-cluster", help="what the cluster is called")
    parser.add_argument("--s3-endpoint", help="where S3 is; by default what the AWS environment says")
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
