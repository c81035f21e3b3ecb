"""`python -m sandbox.servers.kinesis --state FOLDER --kafka FILE --credentials FILE --port PORT [--limits]`."""

from __future__ import annotations

import argparse
import sys

from sandbox.servers.aws.arguments import existing_file, parser_of
from sandbox.servers.aws.errors import AwsError
from sandbox.servers.kafka_properties import KafkaPropertiesError, librdkafka_settings
from sandbox.servers.kinesis.app import Kinesis
from sandbox.servers.kinesis.puts import DELIVERY_SECONDS
from sandbox.servers.kinesis.throttle import Limits, NoLimits
from sandbox.servers.serving import serve


def main() -> None:
    """Run the service until SIGTERM or SIGINT; a clean stop ends with exit code 0."""
    arguments = _arguments()
    try:
        kafka = librdkafka_settings(arguments.kafka)
        limits = Limits() if arguments.limits else NoLimits()
        service = Kinesis(arguments.state, arguments.credentials, kafka, limits)
    except (AwsError, KafkaPropertiesError) as error:
        sys.exit(f"kinesis: {error}")
    # A record on its way is answered before a stop.
    serve(service, arguments.host, arguments.port, DELIVERY_SECONDS + 1, lifespan="on")


def _arguments() -> argparse.Namespace:
    parser = parser_of("kinesis", __doc__)
    parser.add_argument("--kafka", type=existing_file, required=True, help="client.properties of the Kafka cluster")
    parser.add_argument(
        "--limits",
        action="store_true",
        help="limit each shard as Amazon does: 1 MiB and 1,000 records a second in, 2 MiB and 5 calls a second out",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
