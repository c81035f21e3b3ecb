"""`python -m sandbox.servers.msk --state FOLDER --port PORT --connectors FOLDER --bootstrap-servers HOST:PORT ...`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.servers.aws.arguments import parser_of
from sandbox.servers.aws.errors import AwsError
from sandbox.servers.msk.app import Msk
from sandbox.servers.msk.plugin_files import PluginFiles
from sandbox.servers.msk.state import Broker
from sandbox.servers.msk.worker_folder import WorkerFolder
from sandbox.servers.serving import serve

SHUTDOWN_SECONDS = 10


def main() -> None:
    """Run the server until SIGTERM or SIGINT; a clean stop ends with exit code 0."""
    arguments = _arguments()
    broker = Broker(arguments.cluster, arguments.kafka_version, arguments.bootstrap_servers)
    worker, files = WorkerFolder(arguments.connectors), PluginFiles(arguments.s3_endpoint)
    try:
        application = Msk(arguments.state, arguments.credentials, broker, worker, files)
    except AwsError as error:
        sys.exit(f"msk: {error}")
    serve(application, arguments.host, arguments.port, SHUTDOWN_SECONDS)


def _arguments() -> argparse.Namespace:
    parser = parser_of("msk", __doc__)
    parser.add_argument("--connectors", type=Path, required=True, help="the folder that the sink worker follows")
    parser.add_argument("--bootstrap-servers", required=True, help="the broker, as HOST:PORT")
    parser.add_argument("--kafka-version", required=True, help="the version of the broker")
    parser.add_argument("--cluster", default="pinterest-msk-cluster", help="what the cluster is called")
    parser.add_argument("--s3-endpoint", help="where S3 is; by default what the AWS environment says")
    return parser.parse_args()


if __name__ == "__main__":
    main()
