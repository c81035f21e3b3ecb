"""moto in this process: each call goes straight to its service's code, without the web server that moto comes with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import moto.core.responses
from botocore.exceptions import ClientError
from moto.core.request import Request
from moto.core.utils import method_names_from_class
from werkzeug.exceptions import HTTPException

from sandbox.servers.aws.errors import NotImplementedOperationError
from sandbox.servers.aws_services.answers import Answer, Headers
from sandbox.servers.aws_services.calls import Call, Form
from sandbox.servers.aws_services.corrections import corrected
from sandbox.servers.aws_services.offered import OFFERED

# What moto reads of a request's headers. No other reaches it, so that a recorded call is answered as the first time.
PASSED = ("content-type", "content-encoding", "x-amz-target", "x-amzn-query-mode", "accept")
# What is the HTTP server's to say.
DROPPED = ("server", "date", "content-length", "connection", "status")

Dispatch = Callable[[Request], tuple[int, Mapping[str, Any], str | bytes]]

# moto looks through a service's class for its operations at every call, which costs as much as the call itself.
moto.core.responses.method_names_from_class = cache(method_names_from_class)  # type: ignore[attr-defined]


def run(call: Call) -> Answer:
    """Run one call, whose signature was checked. Raises `NotImplementedOperationError`."""
    request = _request(call)
    try:
        status, headers, body = _dispatch(call.service)(request)
    except HTTPException as error:
        told = error.get_response(request.environ)
        status, headers, body = told.status_code, dict(told.headers), told.get_data()
    except ClientError as error:
        status, headers, body = 400, {}, error.response["Error"]["Message"]
    except NotImplementedError as error:
        service = OFFERED[call.service][0]
        raise NotImplementedOperationError(f"The sandbox's {service} does not serve {call.operation}.") from error
    content = body.encode() if isinstance(body, str) else body
    return corrected(call, Answer(status, _kept(call.form, headers), content))


def _request(call: Call) -> Request:
    headers = {name: value for name, value in call.request.headers.items() if name in PASSED}
    scope = f"{call.access_key}/20000101/{call.region}/{call.service}/aws4_request"
    headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}"
    url = f"http://localhost/?{call.request.url.partition('?')[2]}"
    return Request.from_primitives(call.request.verb, url, headers, call.request.body)


@cache
def _dispatch(service: str) -> Dispatch:
    """What answers a service's requests: each of the offered services has one such function, for its path `/`."""
    urls = import_module(f"moto.{OFFERED[service][1]}.urls")
    dispatch: Dispatch
    (dispatch,) = urls.url_paths.values()
    return dispatch


def _kept(form: Form, headers: Mapping[str, Any]) -> Headers:
    default = "application/x-amz-json-1.1" if form is Form.JSON else "text/xml"
    kept = {"content-type": default} | {name.lower(): str(value) for name, value in headers.items()}
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.items() if name not in DROPPED]
