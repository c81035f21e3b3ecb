"""A call to a service that this server does not offer, told by the names of service and operation."""

from __future__ import annotations

import gzip
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import botocore
from botocore.exceptions import BotoCoreError

from sandbox.servers.aws.errors import AwsError, NotImplementedOperationError
from sandbox.servers.aws.rest_json import RestJson
from sandbox.servers.aws_services.calls import Call
from sandbox.servers.aws_services.offered import OFFERED

_FIELD = re.compile(r'"(endpointPrefix|signingName|serviceId)"\s*:\s*"([^"]+)"')
_HEAD_BYTES = 4096  # a description begins with its metadata


def not_offered(call: Call) -> NotImplementedOperationError:
    """The error that names service and operation, and what the sandbox has instead."""
    service, folder = _names().get(call.service, (call.service, ""))
    operation = call.operation or _rest_operation(folder, call)
    here = ", ".join(name for name, _ in OFFERED.values())
    return NotImplementedOperationError(
        f"The sandbox does not offer {service} ({operation}). It offers {here}, and, where the AWS profile's "
        "`services` section has their endpoints, S3, API Gateway, Kinesis, MSK and MSK Connect."
    )


def _rest_operation(folder: str, call: Call) -> str:
    path, _, query = call.request.url.partition("?")
    try:
        return str(RestJson(folder).find(call.request.verb, path, query)[0].name)
    except (AwsError, BotoCoreError):
        return f"{call.request.verb} {path}"


@cache
def _names() -> Mapping[str, tuple[str, str]]:
    """By signing name: the service's own name and botocore's folder of it."""
    found: dict[str, tuple[str, str]] = {}
    for path in sorted((Path(botocore.__file__).parent / "data").glob("*/*/service-2.json.gz")):
        with gzip.open(path) as file:
            head = file.read(_HEAD_BYTES).decode("utf-8", "ignore")
        fields: dict[str, str] = dict(_FIELD.findall(head))
        signing_name = fields.get("signingName") or fields["endpointPrefix"]
        folder = path.parts[-3]
        if signing_name not in found or folder == signing_name:
            found[signing_name] = (fields.get("serviceId", folder), folder)
    return found
