"""A stage as the data plane serves it: the snapshot it points at, compiled with its variables."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.servers.api_gateway.document import VERBS, Document, methods
from sandbox.servers.api_gateway.integrations import Integration, build_integration
from sandbox.servers.api_gateway.routing import Router
from sandbox.servers.api_gateway.state import Api, State

KNOWN_VERBS = frozenset(verb.upper() for verb in VERBS)


@dataclass(frozen=True)
class Operation:
    """A deployed method: what answers it and whether it asks for an API key."""

    resource_path: str
    api_key_required: bool
    integration: Integration


@dataclass(frozen=True)
class Resource:
    """The deployed methods of one path, by verb; `ANY` stands for those not named."""

    operations: dict[str, Operation]

    def operation(self, verb: str) -> Operation | None:
        """What answers a verb, if anything does."""
        found = self.operations.get(verb)
        return found or (self.operations.get("ANY") if verb in KNOWN_VERBS else None)


@dataclass(frozen=True)
class DeployedStage:
    """What the data plane needs to know of a stage. `source` tells whether it must be compiled anew."""

    key: tuple[str, str]
    source: tuple[str, dict[str, str]]
    router: Router[Resource]


class DeployedStages:
    """All stages, by API identifier and stage name. Only what changed is compiled again."""

    def __init__(self) -> None:
        self._stages: dict[tuple[str, str], DeployedStage] = {}

    def get(self, api_id: str, stage: str) -> DeployedStage | None:
        """A deployed stage."""
        return self._stages.get((api_id, stage))

    def rebuild(self, state: State) -> None:
        """Follow the definitions."""
        self._stages = {(api.id, name): self._current(api, name) for api in state.apis.values() for name in api.stages}

    def _current(self, api: Api, name: str) -> DeployedStage:
        stage = api.stages[name]
        source = (stage["deploymentId"], dict(stage.get("variables") or {}))
        known = self._stages.get((api.id, name))
        if known is not None and known.source == source:
            return known
        snapshot = api.deployments[stage["deploymentId"]]["document"]
        return DeployedStage((api.id, name), source, _compile(snapshot, source[1]))


def _compile(document: Document, variables: dict[str, str]) -> Router[Resource]:
    resources: dict[str, Resource] = {}
    for method in methods(document):
        operation = Operation(method.path, method.api_key_required, build_integration(method, variables))
        resources.setdefault(method.path, Resource({})).operations[method.verb] = operation
    return Router(resources)
