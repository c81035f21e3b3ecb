"""`python -m sandbox.servers.kinesis --state FOLDER --kafka FILE --credentials FILE --port PORT [--limits]`."""

from __future__ import annotations

import argparse
import ipaddress
import signal
import sys
from pathlib import Path

import uvicorn

from sandbox.servers.aws.errors import AwsError
from sandbox.servers.kafka_properties import KafkaPropertiesError, librdkafka_settings
from sandbox.servers.kinesis.app import Kinesis
from sandbox.servers.kinesis.lane import DELIVERY_SECONDS
from sandbox.servers.kinesis.throttle import Limits, NoLimits

# A client may leave its connection idle for so long and still find it open.
KEEP_ALIVE_SECONDS = 75


def main() -> None:
    """Run the service until SIGTERM or SIGINT; a clean stop ends with exit code 0."""
    arguments = _arguments()
    try:
        kafka = librdkafka_settings(arguments.kafka)
        limits = Limits() if arguments.limits else NoLimits()
        service = Kinesis(arguments.state, arguments.credentials, kafka, limits)
    except (AwsError, KafkaPropertiesError) as error:
        sys.exit(f"kinesis: {error}")
    # uvicorn raises the signal that stopped it once more when it is done.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    uvicorn.run(
        service,
        host=arguments.host,
        port=arguments.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        server_header=False,
        log_level="warning",
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        # A record on its way is answered before a stop.
        timeout_graceful_shutdown=DELIVERY_SECONDS + 1,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.servers.kinesis", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the definitions; made if it is not there")
    parser.add_argument("--kafka", type=_file, required=True, help="client.properties of the Kafka cluster")
    parser.add_argument(
        "--credentials",
        type=_file,
        required=True,
        help="AWS shared credentials file with the access keys that may sign",
    )
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--limits",
        action="store_true",
        help="limit each shard as Amazon does: 1 MiB and 1,000 records a second in, 2 MiB and 5 calls a second out",
    )
    return parser.parse_args()


def _loopback(text: str) -> str:
    if text != "localhost" and not ipaddress.ip_address(text).is_loopback:
        raise argparse.ArgumentTypeError(f"{text} is not a loopback address; the sandbox serves this machine only")
    return text


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"{text} is not there; `sandbox up` writes it")
    return Path(text)


if __name__ == "__main__":
    main()
