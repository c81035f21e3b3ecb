"""Run the Kafka REST proxy: ``python -m sandbox.servers.rest_proxy --properties FILE --host 127.0.0.1 --port 8082``.

The file is Confluent's ``kafka-rest.properties``; ``settings.py`` tells what of it the proxy follows. SIGTERM ends the
proxy after the requests under way are answered.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from sandbox.servers.kafka_properties import KafkaPropertiesError
from sandbox.servers.rest_proxy.app import RestProxy
from sandbox.servers.rest_proxy.msk_iam import token_callback
from sandbox.servers.rest_proxy.settings import ProxySettings, read_settings
from sandbox.servers.serving import serve

_LEAST_TIMEOUT = 2.0


def main() -> int:
    """Serve until a signal; the exit code is 2 when the properties file does not do."""
    arguments = _arguments()
    try:
        settings = _signing_in(read_settings(arguments.properties))
    except KafkaPropertiesError as error:
        print(error, file=sys.stderr)
        return 2
    proxy = RestProxy(settings, arguments.timeout)
    serve(proxy, arguments.host, arguments.port, int(arguments.timeout) + 1, lifespan="on")
    return 0


def _signing_in(settings: ProxySettings) -> ProxySettings:
    """The settings with what signs in to MSK with IAM, if they ask for it."""
    client = dict(settings.client)
    if client.get("sasl.mechanism") == "OAUTHBEARER":
        client["oauth_cb"] = token_callback(client["bootstrap.servers"])
    return replace(settings, client=client)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.servers.rest_proxy", description="Kafka REST proxy (v2)")
    parser.add_argument("--properties", type=Path, required=True, help="kafka-rest.properties")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8082, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--timeout",
        type=_timeout,
        default=10.0,
        help="seconds from a request to its answer when Kafka is silent (default: %(default)s)",
    )
    return parser.parse_args()


def _timeout(text: str) -> float:
    seconds = float(text)
    if seconds < _LEAST_TIMEOUT:
        raise argparse.ArgumentTypeError(f"at least {_LEAST_TIMEOUT} seconds")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
