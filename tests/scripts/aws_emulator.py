"""MiniStack, which is strict about properties, with stand-ins for the resource types that its CloudFormation lacks.

  aws_emulator.py PORT

Before a resource is made, its properties, with every reference resolved, are held against AWS's own schema of its type,
as cfn-lint brings it. A stand-in makes nothing more: it makes up the attributes that the schema says can be read, and
knows of the resource until it is deleted. Run by the tests.
"""

import asyncio
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import regex
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from hypercorn.asyncio import serve
from hypercorn.config import Config
from jsonschema import Draft7Validator, ValidationError, _keywords, _utils
from jsonschema.validators import extend

PORT = int(sys.argv[1])
os.environ |= {"GATEWAY_PORT": str(PORT), "LOG_LEVEL": "WARNING", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0"}

from ministack.app import app as ministack  # noqa: E402
from ministack.core.responses import get_account_id, get_region  # noqa: E402
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS as HANDLERS  # noqa: E402

LACKING = (
    "AWS::ApiGateway::VpcLink",
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::Budgets::Budget",
    # No instance is there to signal that it is ready.
    "AWS::CloudFormation::WaitCondition",
    "AWS::CloudTrail::Trail",
    "AWS::EC2::EIP",
    "AWS::EC2::FlowLog",
    "AWS::EC2::Instance",
    "AWS::EC2::NatGateway",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::KafkaConnect::Connector",
    "AWS::KafkaConnect::CustomPlugin",
    "AWS::KafkaConnect::WorkerConfiguration",
    "AWS::MSK::BatchScramSecret",
    "AWS::MSK::Cluster",
    "AWS::MSK::Configuration",
    "AWS::MSK::ServerlessCluster",
    "AWS::MWAA::Environment",
    "AWS::WAFv2::LoggingConfiguration",
    "AWS::WAFv2::WebACLAssociation",
)
SERVICES = {"MSK": "kafka"}
BOOTSTRAP = re.compile(r"/v1/clusters/(.+)/bootstrap-brokers")
BROKERS = {"bootstrapBrokerStringSaslIam": "b-1.kafka.example.com:9098,b-2.kafka.example.com:9098"}
Properties = dict[str, Any]
Made = tuple[str, Properties]
Handlers = dict[str, Callable[..., Any]]
made: dict[str, Properties] = {}


def is_number(_: Any, value: Any) -> bool:
    """CloudFormation takes numbers as text, too."""
    return not isinstance(value, bool) and re.fullmatch(r"-?\d+(\.\d+)?", str(value)) is not None


def is_boolean(_: Any, value: Any) -> bool:
    """CloudFormation takes booleans as text, too."""
    return value in (True, False, "true", "false")


def is_text(_: Any, value: Any) -> bool:
    """CloudFormation takes numbers and booleans for text."""
    return isinstance(value, str | int | float)


def one_of_enum(_: Any, allowed: list[Any], value: Any, __: Any) -> Iterator[ValidationError]:
    """The keyword `enum`, for a value that may be text."""
    if str(value) not in map(str, allowed):
        yield ValidationError(f"{value!r} is not one of {allowed}")


def matches_pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """The keyword `pattern`, for text only."""
    if isinstance(value, str) and not regex.search(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern}")


def as_number(keyword: str) -> Callable[..., Any]:
    """A keyword about a number, for one that may be text."""
    rule = Draft7Validator.VALIDATORS[keyword]
    return lambda validator, limit, value, told: rule(validator, limit, float(value), told)


TYPES = Draft7Validator.TYPE_CHECKER.redefine_many(
    {"number": is_number, "integer": is_number, "boolean": is_boolean, "string": is_text}
)
# The expressions in AWS's schemas are Java's, and Python's own module knows not all of it.
_keywords.re = _utils.re = regex
RULES = {
    "enum": one_of_enum,
    "maximum": as_number("maximum"),
    "minimum": as_number("minimum"),
    "pattern": matches_pattern,
}
Validator = extend(Draft7Validator, validators=RULES, type_checker=TYPES)


def check(kind: str, properties: Properties) -> None:
    """Raise an error where the properties are not those of AWS's schema."""
    errors = list(Validator(schema(kind)).iter_errors(properties))
    if errors:
        raise ValueError(f"{kind}: {errors[0].message} at {'/'.join(map(str, errors[0].path))}")


def schema(kind: str) -> Properties:
    """AWS's schema of a resource type."""
    told: Properties = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return told


def stand_in(kind: str) -> Handlers:
    """The handlers of a type that is only noted."""

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        told, name = schema(kind), f"{stack}-{logical_id}"
        readable = [path.removeprefix("/properties/").replace("/", ".") for path in told.get("readOnlyProperties", [])]
        attributes = {attribute: made_up(kind, name, attribute) for attribute in readable}
        identifiers = [path.removeprefix("/properties/") for path in told["primaryIdentifier"]]
        physical_id = "|".join(str(attributes.get(one) or properties.get(one) or name) for one in identifiers)
        made[physical_id] = attributes
        return physical_id, attributes

    def update(physical_id: str, *_: Any) -> Made:
        return physical_id, made[physical_id]

    def delete(physical_id: str, *_: Any) -> None:
        made.pop(physical_id, None)

    return {"create": create, "update": update, "delete": delete}


def made_up(kind: str, name: str, attribute: str) -> Any:
    """A value of an attribute."""
    _, service, resource = kind.split("::")
    if attribute.endswith("Arn"):
        place = f"{SERVICES.get(service, service.lower())}:{get_region()}:{get_account_id()}"
        return f"arn:aws:{place}:{resource.lower()}/{name}/{uuid4()}"
    return 1 if attribute.endswith(("Revision", "Number")) else f"{attribute.lower()}-{uuid4().hex[:17]}"


def checked(kind: str, create: Callable[..., Made]) -> Callable[..., Made]:
    """A handler that looks at the properties first; those that AWS gives as attributes can be asked for, too."""

    def looked_at(logical_id: str, properties: Properties, stack: str) -> Made:
        check(kind, properties)
        physical_id, attributes = create(logical_id, properties, stack)
        readable = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).get_atts
        return physical_id, {name: properties[name] for name in readable if name in properties} | attributes

    return looked_at


def referred_to_by_arn(handlers: Handlers) -> Handlers:
    """The handlers of a secret, whose reference is its ARN; MiniStack has it by its name."""

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        _, attributes = handlers["create"](logical_id, properties, stack)
        return attributes["Arn"], attributes

    def delete(arn: str, properties: Properties) -> None:
        handlers["delete"](arn.split(":secret:")[1].rpartition("-")[0], properties)

    return {"create": create, "delete": delete}


def with_managed_password(handlers: Handlers) -> Handlers:
    """The handlers of a database, with the secret that RDS keeps its password in and removes with it."""
    secrets, arns = HANDLERS["AWS::SecretsManager::Secret"], dict[str, str]()

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        physical_id, attributes = handlers["create"](logical_id, properties, stack)
        password = json.dumps({"username": properties["MasterUsername"], "password": uuid4().hex})
        secret = {"Name": f"rds!{physical_id}", "SecretString": password}
        arns[physical_id], _ = secrets["create"](logical_id, secret, stack)
        return physical_id, attributes | {"MasterUserSecret.SecretArn": arns[physical_id]}

    def delete(physical_id: str, properties: Properties) -> None:
        handlers["delete"](physical_id, properties)
        secrets["delete"](arns.pop(physical_id), {})

    return {**handlers, "create": create, "delete": delete}


def with_metric_math(handlers: Handlers) -> Handlers:
    """The handlers of an alarm; one on several metrics is only stood in for."""
    noted = stand_in("AWS::CloudWatch::Alarm")

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        able = noted if "Metrics" in properties else handlers
        made_alarm: Made = able["create"](logical_id, properties, stack)
        return made_alarm

    def delete(physical_id: str, properties: Properties) -> None:
        (noted if physical_id in made else handlers)["delete"](physical_id, properties)

    return {**handlers, "create": create, "delete": delete}


async def app(scope: Properties, receive: Any, send: Any) -> None:
    """MiniStack, and the brokers of a cluster that only stands in."""
    found = BOOTSTRAP.fullmatch(unquote(scope.get("path", "")))
    if not found or found[1] not in made:
        await ministack(scope, receive, send)
        return
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(BROKERS).encode()})


if __name__ == "__main__":
    HANDLERS.update({kind: stand_in(kind) for kind in LACKING})
    HANDLERS["AWS::SecretsManager::Secret"] = referred_to_by_arn(HANDLERS["AWS::SecretsManager::Secret"])
    HANDLERS["AWS::CloudWatch::Alarm"] = with_metric_math(HANDLERS["AWS::CloudWatch::Alarm"])
    HANDLERS["AWS::RDS::DBInstance"] = with_managed_password(HANDLERS["AWS::RDS::DBInstance"])
    for kind, handlers in HANDLERS.items():
        handlers["create"] = checked(kind, handlers["create"])
    config = Config()
    config.bind = [f"127.0.0.1:{PORT}"]
    asyncio.run(serve(app, config))
