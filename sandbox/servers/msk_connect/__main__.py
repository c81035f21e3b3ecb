"""Run the sink worker: ``python -m sandbox.servers.msk_connect --kafka client.properties --connectors FOLDER``."""

import argparse
import functools
import logging
import signal
import sys
import threading
from pathlib import Path

from sandbox.servers.kafka_properties import KafkaPropertiesError, librdkafka_settings, parse_properties
from sandbox.servers.msk_connect.config import CONVERTER_KEYS
from sandbox.servers.msk_connect.connector import Connector
from sandbox.servers.msk_connect.errors import ConfigurationError, WorkerLockedError
from sandbox.servers.msk_connect.worker import Worker

_LOG = logging.getLogger("sandbox.servers.msk_connect")


def main() -> int:
    """Run until SIGTERM or SIGINT; gives the exit code, 2 when the worker could not begin."""
    options = _options()
    logging.basicConfig(
        stream=sys.stdout,
        level=logging.INFO,
        format="%(asctime)s.%(msecs)03d %(levelname)s %(message)s",
        datefmt="%Y-%m-%dT%H:%M:%S",
    )
    logging.getLogger("botocore").setLevel(logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        settings = librdkafka_settings(options.kafka)
        defaults = _worker_configuration(options.worker_properties)
        make = functools.partial(Connector, defaults=defaults, settings=settings, s3_endpoint=options.s3_endpoint)
        Worker(options.connectors, make).run(stop)
    except (KafkaPropertiesError, ConfigurationError, WorkerLockedError) as error:
        _LOG.error("%s", error)
        return 2
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.servers.msk_connect", description=__doc__)
    parser.add_argument("--kafka", type=Path, required=True, help="a Kafka client's properties file")
    parser.add_argument("--connectors", type=Path, required=True, help="the folder of connector definitions")
    parser.add_argument(
        "--worker-properties", type=Path, help="worker configuration: the connectors' default converters"
    )
    parser.add_argument("--s3-endpoint", help="where S3 is; by default what the AWS environment says")
    return parser.parse_args()


def _worker_configuration(path: Path | None) -> dict[str, str]:
    """Read the converters that connectors use unless they name their own."""
    if path is None:
        return {}
    try:
        properties = parse_properties(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError([f"{path} cannot be read: {error.strerror}"]) from error
    unknown = properties.keys() - set(CONVERTER_KEYS)
    if unknown:
        raise ConfigurationError([f"{path}: {', '.join(sorted(unknown))} is not one of {', '.join(CONVERTER_KEYS)}"])
    return properties


if __name__ == "__main__":
    sys.exit(main())
