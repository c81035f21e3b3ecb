"""A stage as the data plane serves it: the snapshot it points at, compiled with its variables and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.servers.api_gateway.custom_responses import CustomResponses
from sandbox.servers.api_gateway.document import VERBS, Document, Method, methods, section
from sandbox.servers.api_gateway.integrations import Integration, build_integration
from sandbox.servers.api_gateway.method_settings import method_name
from sandbox.servers.api_gateway.request_validation import RequestValidation, request_validation
from sandbox.servers.api_gateway.routing import Router
from sandbox.servers.api_gateway.state import Api, State
from sandbox.servers.api_gateway.substitution import Substitution, compile_format
from sandbox.servers.api_gateway.throttle import Buckets, TokenBucket

KNOWN_VERBS = frozenset(verb.upper() for verb in VERBS)
ALL_METHODS = "*/*"


@dataclass(frozen=True)
class Operation:
    """A deployed method: what answers it and what it asks for.

    `name` is what throttles call it (`method_name`), `bucket` is the stage's throttle of it.
    """

    resource_id: str
    resource_path: str
    name: str
    api_key_required: bool
    validation: RequestValidation
    integration: Integration
    bucket: TokenBucket | None = None


@dataclass(frozen=True)
class Resource:
    """The deployed methods of one path, by verb; `ANY` stands for those not named."""

    operations: dict[str, Operation]

    def operation(self, verb: str) -> Operation | None:
        """What answers a verb, if anything does."""
        found = self.operations.get(verb)
        return found or (self.operations.get("ANY") if verb in KNOWN_VERBS else None)


@dataclass(frozen=True)
class StageLog:
    """A stage's access log: the log group's name, and the line of a request."""

    group: str
    line: Substitution


@dataclass(frozen=True)
class DeployedStage:
    """What the data plane needs to know of a stage. `source` tells whether it must be compiled anew."""

    key: tuple[str, str]
    source: tuple[Any, ...]
    variables: Mapping[str, str]
    router: Router[Resource]
    responses: CustomResponses
    log: StageLog | None


class DeployedStages:
    """All stages, by API identifier and stage name. Only what changed is compiled again."""

    def __init__(self) -> None:
        self._stages: dict[tuple[str, str], DeployedStage] = {}
        self._buckets = Buckets()

    def get(self, api_id: str, stage: str) -> DeployedStage | None:
        """A deployed stage."""
        return self._stages.get((api_id, stage))

    def rebuild(self, state: State) -> None:
        """Follow the definitions."""
        served = [api for api in state.apis.values() if not api.summary["disableExecuteApiEndpoint"]]
        self._stages = {(api.id, name): self._current(api, name) for api in served for name in api.stages}

    def _current(self, api: Api, name: str) -> DeployedStage:
        stage = api.stages[name]
        variables = dict(stage.get("variables") or {})
        source = (stage["deploymentId"], variables, stage.get("methodSettings"), stage.get("accessLogSettings"))
        known = self._stages.get((api.id, name))
        if known is not None and known.source == source:
            return known
        document = api.deployments[stage["deploymentId"]]["document"]
        return DeployedStage(
            key=(api.id, name),
            source=source,
            variables=variables,
            router=self._router(api, name, document, variables),
            responses=CustomResponses(document, variables),
            log=_stage_log(section(stage, "accessLogSettings")),
        )

    def _router(self, api: Api, stage: str, document: Document, variables: Mapping[str, str]) -> Router[Resource]:
        settings = section(api.stages[stage], "methodSettings")
        resources: dict[str, Resource] = {}
        for method in methods(document):
            limits = _limits(settings, method)
            bucket = self._buckets.get((api.id, stage, method.path, method.verb), *limits)
            operation = compile_operation(api, document, method, variables, bucket)
            resources.setdefault(method.path, Resource({})).operations[method.verb] = operation
        return Router(resources)


def compile_operation(
    api: Api, document: Document, method: Method, variables: Mapping[str, str], bucket: TokenBucket | None = None
) -> Operation:
    """A method of a document in a stage with these variables. Raises `BadRequestError` without an integration."""
    return Operation(
        resource_id=api.resource_ids.get(method.path, ""),
        resource_path=method.path,
        name=method_name(f"{method.path}/{method.verb}"),
        api_key_required=method.api_key_required,
        validation=request_validation(document, method),
        integration=build_integration(method, variables),
        bucket=bucket,
    )


def _limits(settings: Mapping[str, Any], method: Method) -> tuple[float | None, int | None]:
    """Rate and burst of a method by the stage's settings; `*/*` holds for every method without its own."""
    own = {method_name(name): setting for name, setting in settings.items()}
    setting = own.get(method_name(f"{method.path}/{method.verb}")) or own.get(ALL_METHODS) or {}
    rate, burst = setting.get("throttlingRateLimit", -1), setting.get("throttlingBurstLimit", -1)
    return (None if rate < 0 else rate), (None if burst < 0 else burst)


def _stage_log(settings: Mapping[str, Any]) -> StageLog | None:
    """The access log of `accessLogSettings`: destination `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`."""
    destination, line = settings.get("destinationArn"), settings.get("format")
    if not destination or not line:
        return None
    return StageLog(str(destination).split(":", 6)[-1].removesuffix(":*"), compile_format(str(line), "-"))
