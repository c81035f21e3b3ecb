"""What tests of the control plane share: a check of every answer's shape, and errors by code, status and message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator


def check_shape(parsed: dict[str, Any], model: Any, http_response: Any, **_: Any) -> None:
    assert "x-amzn-requestid" in {name.lower() for name in http_response.headers}
    if http_response.status_code < 300 and model.output_shape is not None:
        answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
        assert not ParamValidator().validate(answer, model.output_shape).has_errors()
        assert http_response.status_code == model.http.get("responseCode", 200)


def assert_error(call: Callable[..., Any], code: str, status: int, message: str, **params: Any) -> None:
    with pytest.raises(ClientError) as caught:
        call(**params)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert message in answer["Error"]["Message"]


def assert_bad_request(call: Callable[..., Any], message: str, **params: Any) -> None:
    assert_error(call, "BadRequestException", 400, message, **params)


def assert_not_found(call: Callable[..., Any], message: str, **params: Any) -> None:
    assert_error(call, "NotFoundException", 404, message, **params)


def assert_conflict(call: Callable[..., Any], message: str, **params: Any) -> None:
    assert_error(call, "ConflictException", 409, message, **params)


def assert_not_served(call: Callable[..., Any], message: str, **params: Any) -> None:
    assert_error(call, "NotImplementedException", 501, message, **params)
