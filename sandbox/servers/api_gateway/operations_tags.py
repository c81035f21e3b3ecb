"""Control plane: tags of APIs, stages, API keys and usage plans, by ARN."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

from sandbox.servers.api_gateway.state import State
from sandbox.servers.aws.errors import BadRequestError, NotFoundError
from sandbox.servers.aws.rest_json import Params

ARN = re.compile(r"^arn:aws[a-z-]*:apigateway:[a-z0-9-]+::(/[^/]+/.+)$")
STAGE = re.compile(r"^/restapis/([^/]+)/stages/([^/]+)$")
THING = re.compile(r"^/(restapis|apikeys|usageplans)/([^/]+)$")
Record = dict[str, Any]
Change = Callable[[dict[str, str]], dict[str, str]]


def get_tags(state: State, params: Params) -> Params:
    """The tags of a thing."""
    return {"tags": _change(state, params["resourceArn"], None)}


def tag_resource(state: State, params: Params) -> Params:
    """Give a thing tags, or tags new values."""
    _change(state, params["resourceArn"], lambda tags: {**tags, **params["tags"]})
    return {}


def untag_resource(state: State, params: Params) -> Params:
    """Take tags from a thing."""
    gone = params["tagKeys"]
    _change(state, params["resourceArn"], lambda tags: {key: tags[key] for key in tags if key not in gone})
    return {}


def _change(state: State, arn: str, change: Change | None) -> dict[str, str]:
    """The tags of the thing with an ARN, after a change that is saved."""
    match = ARN.match(arn)
    if match is None:
        raise BadRequestError(f"Invalid ARN specified in the request: {arn}")
    record, save = _thing(state, match[1])
    tags: dict[str, str] = record.get("tags") or {}
    if change is not None:
        record["tags"] = tags = change(tags)
        save()
    return tags


def _thing(state: State, path: str) -> tuple[Record, Callable[[], None]]:
    """A copy of the record at a path, and what saves it."""
    if stage := STAGE.match(path):
        state.stage(stage[1], stage[2])
        api = state.draft(stage[1])
        return api.stages[stage[2]], lambda: state.save_api(api)
    thing = THING.match(path)
    if thing is None:
        raise NotFoundError("Invalid resource identifier specified")
    kind, identifier = thing.groups()
    if kind == "restapis":
        api = state.draft(identifier)
        return api.summary, lambda: state.save_api(api)
    look_up, keep = (state.key, state.save_key) if kind == "apikeys" else (state.plan, state.save_plan)
    record = copy.deepcopy(look_up(identifier))
    return record, lambda: keep(record)


OPERATIONS = {"GetTags": get_tags, "TagResource": tag_resource, "UntagResource": untag_resource}
