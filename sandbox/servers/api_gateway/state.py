"""Everything that was defined by the control plane: APIs, API keys, usage plans; in memory and on disk."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.servers.api_gateway.document import INTEGRATION, Document, resource_paths, section, verb_key
from sandbox.servers.api_gateway.extensions import REQUEST_VALIDATORS
from sandbox.servers.api_gateway.identifiers import new_id
from sandbox.servers.aws.errors import NotFoundError
from sandbox.servers.aws.identifiers import ACCOUNT_ID
from sandbox.servers.aws.store import Store

Record = dict[str, Any]
APIS, KEYS, PLANS, ACCOUNT = "apis", "keys", "plans", "account"
NO_RESOURCE = "Invalid Resource identifier specified"


@dataclass
class Api:
    """A REST API.

    Attributes:
        summary: the fields of Amazon's RestApi.
        document: the OpenAPI document that is being edited; nobody sees it until it is deployed.
        resource_ids: identifier of each resource, by path; a path keeps its identifier over imports.
        validator_ids: identifier of each request validator, by name.
        models: what the document does not say of a model (its `id`, and the `description` it was made with), by name.
        deployments: Amazon's Deployment fields and a `document`, the snapshot, by identifier.
        stages: Amazon's Stage fields, by name.
    """

    summary: Record
    document: Document
    resource_ids: dict[str, str] = field(default_factory=dict)
    validator_ids: dict[str, str] = field(default_factory=dict)
    models: dict[str, Record] = field(default_factory=dict)
    deployments: dict[str, Record] = field(default_factory=dict)
    stages: dict[str, Record] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The API's identifier."""
        return str(self.summary["id"])

    def replace_document(self, document: Document) -> None:
        """Take a new document, or a changed one; new parts of it get identifiers, lost parts lose theirs."""
        self.document = document
        known = self.resource_ids
        self.resource_ids = {}
        for path in resource_paths(document):
            length = 10 if path == "/" else 6
            self.resource_ids[path] = known.get(path) or new_id(length, known.values())
        self.summary["rootResourceId"] = self.resource_ids["/"]
        validators, schemas = section(document, REQUEST_VALIDATORS), section(document, "components", "schemas")
        self.validator_ids = {name: self.validator_ids.get(name) or new_id(6) for name in validators}
        self.models = {name: self.models.get(name) or {"id": new_id(6)} for name in schemas}

    def path(self, resource_id: str) -> str:
        """The path of a resource."""
        found = (path for path, identifier in self.resource_ids.items() if identifier == resource_id)
        return str(_found(next(found, None), NO_RESOURCE))

    def operation(self, path: str, verb: str) -> Record:
        """The operation of a method, to be read or changed."""
        found = section(self.document, "paths", path).get(verb_key(verb))
        operation: Record = _found(found, "Invalid Method identifier specified")
        return operation

    def integration(self, path: str, verb: str) -> Record:
        """The integration of a method, to be read or changed."""
        found = self.operation(path, verb).get(INTEGRATION)
        integration: Record = _found(found, "Invalid Integration identifier specified")
        return integration


class State:
    """The definitions. A failing lookup raises `NotFoundError` as Amazon words it; a save is on disk when it returns.

    `on_change` is called after each save or removal, so that the data plane follows.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.apis: dict[str, Api] = {id_: Api(**record) for id_, record in store.load(APIS).items()}
        self.keys: dict[str, Record] = store.load(KEYS)
        self.plans: dict[str, Record] = store.load(PLANS)
        self.account: Record = store.load(ACCOUNT).get(ACCOUNT, {})
        self.on_change: Callable[[], None] = lambda: None

    def api(self, api_id: str) -> Api:
        """An API by identifier."""
        return _found(self.apis.get(api_id), f"Invalid API identifier specified {ACCOUNT_ID}:{api_id}")

    def draft(self, api_id: str) -> Api:
        """A copy of an API to be changed and saved, so that a failed save changes nothing."""
        return copy.deepcopy(self.api(api_id))

    def api_of_resource(self, api_id: str) -> Api:
        """An API that a resource is looked for in; Amazon words a missing API as a missing resource there."""
        found: Api = _found(self.apis.get(api_id), NO_RESOURCE)
        return found

    def draft_of_resource(self, api_id: str) -> Api:
        """A copy of `api_of_resource`, to be changed and saved."""
        return copy.deepcopy(self.api_of_resource(api_id))

    def deployment(self, api_id: str, deployment_id: str) -> Record:
        """A deployment of an API."""
        found = self.api(api_id).deployments.get(deployment_id)
        return _found(found, "Invalid Deployment identifier specified")

    def stage(self, api_id: str, name: str) -> Record:
        """A stage of an API."""
        return _found(self.api(api_id).stages.get(name), "Invalid stage identifier specified")

    def key(self, key_id: str) -> Record:
        """An API key by identifier."""
        return _found(self.keys.get(key_id), "Invalid API Key identifier specified")

    def plan(self, plan_id: str) -> Record:
        """A usage plan, with its `keyIds` besides Amazon's fields."""
        return _found(self.plans.get(plan_id), "Invalid Usage Plan ID specified")

    def save_api(self, api: Api) -> None:
        """Keep an API that was made or changed."""
        self._store.save(APIS, api.id, asdict(api))
        self.apis[api.id] = api
        self.on_change()

    def save_key(self, key: Record) -> None:
        """Keep an API key that was made or changed."""
        self._save(KEYS, self.keys, key)

    def save_plan(self, plan: Record) -> None:
        """Keep a usage plan that was made or changed."""
        self._save(PLANS, self.plans, plan)

    def save_account(self, account: Record) -> None:
        """Keep the account's settings (`cloudwatchRoleArn`)."""
        self._store.save(ACCOUNT, ACCOUNT, account)
        self.account = account

    def delete_api(self, api_id: str) -> None:
        """Remove an API with its deployments and stages, and its stages from every plan."""
        self.api(api_id)
        for plan in list(self.plans.values()):
            kept = [stage for stage in plan["apiStages"] if stage["apiId"] != api_id]
            if kept != plan["apiStages"]:
                self.save_plan({**plan, "apiStages": kept})
        self._delete(APIS, self.apis, api_id)

    def delete_key(self, key_id: str) -> None:
        """Remove an API key, and from every plan."""
        self.key(key_id)
        for plan in list(self.plans.values()):
            if key_id in plan["keyIds"]:
                self.save_plan({**plan, "keyIds": [id_ for id_ in plan["keyIds"] if id_ != key_id]})
        self._delete(KEYS, self.keys, key_id)

    def delete_plan(self, plan_id: str) -> None:
        """Remove a usage plan."""
        self.plan(plan_id)
        self._delete(PLANS, self.plans, plan_id)

    def _save(self, kind: str, table: dict[str, Record], record: Record) -> None:
        self._store.save(kind, record["id"], record)
        table[record["id"]] = record
        self.on_change()

    def _delete(self, kind: str, table: dict[str, Any], identifier: str) -> None:
        self._store.delete(kind, identifier)
        del table[identifier]
        self.on_change()


def _found(value: Any, otherwise: str) -> Any:
    if value is None:
        raise NotFoundError(otherwise)
    return value
