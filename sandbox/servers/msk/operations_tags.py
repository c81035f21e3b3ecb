"""MSK Connect: tags of connectors, custom plugins and worker configurations."""

from __future__ import annotations

from sandbox.servers.aws.rest_json import Params
from sandbox.servers.msk.state import State


def list_tags(state: State, params: Params) -> Params:
    """A thing's tags."""
    _, record = state.tagged(params["resourceArn"])
    return {"tags": record["tags"]}


def tag(state: State, params: Params) -> Params:
    """Give a thing tags; a key that it has gets the new value."""
    shelf, record = state.tagged(params["resourceArn"])
    shelf.save({**record, "tags": {**record["tags"], **params["tags"]}})
    return {}


def untag(state: State, params: Params) -> Params:
    """Take tags away; one that is not there is no fault."""
    shelf, record = state.tagged(params["resourceArn"])
    kept = {key: value for key, value in record["tags"].items() if key not in params["tagKeys"]}
    shelf.save({**record, "tags": kept})
    return {}


OPERATIONS = {"ListTagsForResource": list_tags, "TagResource": tag, "UntagResource": untag}
