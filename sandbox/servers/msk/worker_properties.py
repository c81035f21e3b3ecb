"""The properties of a worker configuration: which MSK Connect takes, and which of them a connector inherits here."""

from __future__ import annotations

import base64
import binascii

from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.kafka_properties import parse_properties
from sandbox.servers.msk.worker_property_names import ALLOWED, REFUSED, REFUSED_PREFIXES
from sandbox.servers.msk_connect.config import CONVERTER_KEYS, STRING_CONVERTER

CONVERTERS = ("key.converter", "value.converter")

# MSK Connect's default worker configuration (https://docs.aws.amazon.com/msk/latest/developerguide/msk-connect-workers.html).
DEFAULTS = dict.fromkeys(CONVERTERS, STRING_CONVERTER)


def read_properties(content: str) -> dict[str, str]:
    """The properties of a base64 encoded file. Raises `BadRequestError` for one that MSK Connect refuses."""
    try:
        properties = parse_properties(base64.b64decode(content, validate=True).decode())
    except (binascii.Error, ValueError) as error:
        raise BadRequestError("The propertiesFileContent must be a base64 encoded properties file.") from error
    lacking = [key for key in CONVERTERS if not properties.get(key)]
    if lacking:
        raise BadRequestError(f"The worker configuration must have the properties {', '.join(lacking)}.")
    refused = sorted(key for key in properties if _is_refused(key))
    if refused:
        raise BadRequestError(f"The worker configuration has properties that aren't supported: {', '.join(refused)}.")
    return properties


def _is_refused(key: str) -> bool:
    return key not in ALLOWED and (key in REFUSED or key.startswith(REFUSED_PREFIXES))


def inherit(properties: dict[str, str], configuration: dict[str, str]) -> dict[str, str]:
    """A connector's configuration with the converters of its worker, as Kafka Connect completes it.

    A connector that names a converter takes nothing of the worker's settings for it: no `schemas.enable` either.
    """
    own = tuple(key for key in CONVERTERS if key in configuration)
    inherited = {key: value for key, value in properties.items() if key in CONVERTER_KEYS and not key.startswith(own)}
    return {**inherited, **configuration}
