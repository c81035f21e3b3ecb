"""The JSON protocol of a service (`X-Amz-Target`, `application/x-amz-json-1.1`), read from botocore's description.

So every operation of the service is known by name, whether it is served here or not, and no shape is written twice.
"""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable
from typing import Any

import orjson
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from sandbox.servers.aws import constraints
from sandbox.servers.aws.errors import SerializationError, UnknownOperationError

Params = dict[str, Any]


class JsonProtocol:
    """Finds the operation of a request to a service (botocore's name of it, `kinesis`).

    Attributes:
        name: the service as Amazon writes it.
        signing_name: what a signature's scope calls the service.
        content_type: of requests and answers.
    """

    def __init__(self, service: str) -> None:
        self._model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        self._names = frozenset(self._model.operation_names)
        self._prefix = f"{self._model.metadata['targetPrefix']}."
        self.name = str(self._model.metadata.get("serviceFullName", service))
        self.signing_name = str(self._model.signing_name)
        self.content_type = f"application/x-amz-json-{self._model.metadata['jsonVersion']}"

    def find(self, target: str) -> str:
        """The operation that an `X-Amz-Target` header names. Raises `UnknownOperationError`."""
        name = target.removeprefix(self._prefix)
        if name == target or name not in self._names:
            raise UnknownOperationError("")
        return name

    def read(self, operation: str, body: bytes) -> Params:
        """The parameters of a request: blobs as bytes, timestamps as seconds; fields the shape lacks are left out.

        Raises `SerializationError` for a body or value of another kind, `ValidationError` for a broken constraint.
        """
        model: OperationModel = self._model.operation_model(operation)
        try:
            loaded = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise SerializationError("") from error
        shape = model.input_shape
        params = _structure(shape, loaded)
        constraints.check(shape, params)
        return params


def _structure(shape: Shape, value: Any) -> Params:
    if not isinstance(value, dict):
        raise SerializationError("Start of list found where not expected" if isinstance(value, list) else "")
    given = ((name, member, value.get(name)) for name, member in shape.members.items())
    return {name: _value(member, item) for name, member, item in given if item is not None}


def _value(shape: Shape, value: Any) -> Any:
    return _READERS[shape.type_name](shape, value)


def _list(shape: Shape, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise SerializationError(_found(value, "Expected list or null"))
    return [_value(shape.member, item) for item in value if item is not None]


def _map(shape: Shape, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SerializationError(_found(value, "Expected map or null"))
    return {key: _value(shape.value, item) for key, item in value.items() if item is not None}


def _string(_: Shape, value: Any) -> str:
    return str(_scalar(value, str, "String"))


def _boolean(_: Shape, value: Any) -> bool:
    return bool(_scalar(value, bool, "Boolean"))


def _integer(_: Shape, value: Any) -> int:
    number = _number(value, "Integer")
    return math.floor(number)


def _timestamp(_: Shape, value: Any) -> float:
    return float(_number(value, "Date"))


def _number(value: Any, name: str) -> float:
    return value if isinstance(value, bool) is False and isinstance(value, int | float) else _refused(value, name)


def _scalar(value: Any, kind: type, name: str) -> Any:
    return value if isinstance(value, kind) else _refused(value, name)


def _refused(value: Any, name: str) -> Any:
    kinds = {bool: "TRUE_VALUE" if value else "FALSE_VALUE", str: "STRING_VALUE"}
    found = kinds.get(type(value), "NUMBER_VALUE")
    raise SerializationError(_found(value, f"{found} can not be converted to {_article(name)} {name}"))


def _article(name: str) -> str:
    return "an" if name[0] in "AEIOU" else "a"


def _found(value: Any, otherwise: str) -> str:
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    return "Start of list found where not expected" if isinstance(value, list) else otherwise


def _blob(_: Shape, value: Any) -> bytes:
    text = str(_scalar(value, str, "Blob"))
    refusal = f"'{text}' can not be converted to a Blob: "
    if len(text) % 4:
        raise SerializationError(
            f"{refusal}Base64 encoded length is expected a multiple of 4 bytes but found: {len(text)}"
        )
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SerializationError(f"{refusal}Invalid Base64 character") from error


_READERS: dict[str, Callable[[Shape, Any], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "boolean": _boolean,
    "integer": _integer,
    "long": _integer,
    "timestamp": _timestamp,
    "blob": _blob,
}
