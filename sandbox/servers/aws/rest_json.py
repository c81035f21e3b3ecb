"""The REST-JSON protocol of a service, read from botocore's own description of it.

So every operation of the service is known by name, whether it is served here or not, and no shape is written twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape
from botocore.validate import ParamValidator

from sandbox.servers.aws.errors import BadRequestError, UnknownOperationError

Params = dict[str, Any]
LABEL = re.compile(r"\{([^}]+)\}")


@dataclass(frozen=True)
class Route:
    """How an operation is recognised: verb, path, and query parameters that must have a value (`mode=import`)."""

    operation: OperationModel
    verb: str
    path: re.Pattern[str]
    query: dict[str, str]


class RestJson:
    """Finds the operation of a request to a service (botocore's name of it, `apigateway`).

    Attributes:
        name: the service as Amazon writes it.
        signing_name: what a signature's scope calls the service.
        roots: the first segments of its paths.
    """

    def __init__(self, service: str) -> None:
        model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        self.name = str(model.metadata.get("serviceFullName", service))
        self.signing_name = model.signing_name
        self._model = model
        routes = [_route(model.operation_model(name)) for name in model.operation_names]
        self._routes = sorted(routes, key=lambda route: (-len(route.query), route.path.pattern.count("(?P")))
        self.roots = frozenset(route.operation.http["requestUri"].split("/")[1].split("?")[0] for route in routes)

    def operation(self, name: str) -> OperationModel:
        """An operation by Amazon's name of it."""
        return self._model.operation_model(name)

    def find(self, verb: str, path: str, query: str) -> tuple[OperationModel, dict[str, str]]:
        """The operation of a request and the values in its path. Raises `UnknownOperationError`."""
        given = dict(parse_qsl(query, keep_blank_values=True))
        for route in self._routes:
            match = route.path.match(path)
            if match and route.verb == verb and route.query.items() <= given.items():
                return route.operation, {key: unquote(value) for key, value in match.groupdict().items()}
        raise UnknownOperationError(f"Unable to determine service/operation name to be authorized: {verb} {path}")


def _route(operation: OperationModel) -> Route:
    uri, _, query = operation.http["requestUri"].partition("?")
    pattern = LABEL.sub(lambda match: f"(?P<{match[1].rstrip('+')}>[^/]+)", uri)
    return Route(operation, operation.http["method"], re.compile(f"^{pattern}/?$"), dict(parse_qsl(query)))


def read_params(operation: OperationModel, path_values: dict[str, str], query: str, body: bytes) -> Params:
    """The parameters of a request under the names that botocore gives them. Raises `BadRequestError`."""
    shape = operation.input_shape
    if shape is None:
        return {}
    fixed = dict(parse_qsl(operation.http["requestUri"].partition("?")[2]))
    given = [(key, value) for key, value in parse_qsl(query, keep_blank_values=True) if key not in fixed]
    params = {**_from_body(shape, body), **_from_uri(shape, path_values), **_from_query(shape, given)}
    report = ParamValidator().validate(params, shape)
    if report.has_errors():
        raise BadRequestError(f"Invalid request input: {report.generate_report()}")
    return params


def _from_uri(shape: StructureShape, path_values: dict[str, str]) -> Params:
    members = _members(shape, "uri")
    return {name: path_values[wire] for name, (wire, _) in members.items() if wire in path_values}


def _from_query(shape: StructureShape, given: list[tuple[str, str]]) -> Params:
    members = _members(shape, "querystring")
    taken = {wire for wire, member in members.values() if member.type_name != "map"}
    params: Params = {}
    for name, (wire, member) in members.items():
        if member.type_name == "map":
            params[name] = {key: value for key, value in given if key not in taken}
        elif values := [value for key, value in given if key == wire]:
            params[name] = values if member.type_name == "list" else _scalar(member, values[-1])
    return params


def _scalar(shape: Shape, text: str) -> Any:
    if shape.type_name == "boolean":
        return text.lower() == "true"
    if shape.type_name in ("integer", "long"):
        try:
            return int(text)
        except ValueError as error:
            raise BadRequestError(f"Invalid request input: {text!r} is not a number") from error
    return text


def _from_body(shape: StructureShape, body: bytes) -> Params:
    payload = shape.serialization.get("payload")
    if payload:
        return {payload: body}
    if not body:
        return {}
    try:
        loaded = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequestError("Invalid request body") from error
    if not isinstance(loaded, dict):
        raise BadRequestError("Invalid request body")
    members = {name: wire for name, (wire, _) in _members(shape, None).items()}
    return {name: loaded[wire] for name, wire in members.items() if loaded.get(wire) is not None}


def _members(shape: StructureShape, location: str | None) -> dict[str, tuple[str, Shape]]:
    """Members at a location: name, name on the wire, shape."""
    found = {}
    for name, member in shape.members.items():
        if member.serialization.get("location") == location:
            found[name] = (member.serialization.get("name", name), member)
    return found


def write_answer(operation: OperationModel, answer: Params) -> tuple[int, bytes]:
    """Status and JSON body of an operation's answer; fields that its shape does not have are left out."""
    status = operation.http.get("responseCode", 200)
    shape = operation.output_shape
    if shape is None:
        return status, b""
    return status, orjson.dumps(_written(shape, answer))


def _written(shape: Shape, value: Any) -> Any:
    if value is None:
        return None
    if shape.type_name == "structure":
        members = [(name, member) for name, member in shape.members.items() if value.get(name) is not None]
        return {member.serialization.get("name", name): _written(member, value[name]) for name, member in members}
    if shape.type_name == "list":
        return [_written(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: _written(shape.value, item) for key, item in value.items()}
    return value
