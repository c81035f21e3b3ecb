"""A request to Amazon as a call: which service, which operation, by whom, in which form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl

import orjson

from sandbox.servers.aws import sigv4
from sandbox.servers.aws.errors import BadRequestError
from sandbox.servers.aws.sigv4 import SignedRequest

EC2_VERSION = "2016-11-15"
REST_XML_SERVICES = ("s3", "route53", "cloudfront")


class Form(Enum):
    """How a request says what it wants, and so how its errors are written."""

    JSON = "X-Amz-Target and a JSON body"
    QUERY = "Action=... in a form, XML back"
    EC2 = "as QUERY, with EC2's own XML for errors"
    REST = "verb and path, JSON back"
    REST_XML = "verb and path, XML back"


@dataclass(frozen=True)
class Call:
    """One call.

    Attributes:
        service: the signing name (`monitoring` is CloudWatch).
        operation: Amazon's name of it; empty for REST services, whose verb and path tell.
    """

    service: str
    region: str
    access_key: str
    operation: str
    form: Form
    request: SignedRequest

    def parameters(self) -> dict[str, Any]:
        """The parameters: nested for JSON, flat (`Filter.1.Name`) for the query forms. Raises `BadRequestError`."""
        if self.form is not Form.JSON:
            return _form_fields(self.request)
        try:
            loaded = orjson.loads(self.request.body or b"{}")
        except orjson.JSONDecodeError as error:
            raise BadRequestError("The request body is no JSON") from error
        return loaded if isinstance(loaded, dict) else {}


def form_of(request: SignedRequest) -> Form:
    """The form of a request, as far as it tells before its signature names the service."""
    if "x-amz-target" in request.headers:
        return Form.JSON
    fields = _form_fields(request)
    if "Action" not in fields:
        return Form.REST
    return Form.EC2 if fields.get("Version") == EC2_VERSION else Form.QUERY


def read_call(request: SignedRequest) -> Call:
    """What a request asks for. Raises `MissingAuthenticationTokenError` or `IncompleteSignatureError`."""
    claim = sigv4.read_claim(request.headers.get("authorization", ""))
    form = form_of(request)
    if form is Form.REST and claim.service in REST_XML_SERVICES:
        form = Form.REST_XML
    return Call(claim.service, claim.region, claim.access_key, _operation(request, form), form, request)


def _operation(request: SignedRequest, form: Form) -> str:
    if form is Form.JSON:
        return request.headers["x-amz-target"].rpartition(".")[2]
    return _form_fields(request).get("Action", "")


def _form_fields(request: SignedRequest) -> dict[str, str]:
    query = request.url.partition("?")[2]
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    body = request.body.decode("utf-8", "replace") if is_form else ""
    return dict(parse_qsl(query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True))
