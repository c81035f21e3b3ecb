"""Tags of streams, by both families of calls: by stream and by resource."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.servers.aws.json_protocol import Params
from sandbox.servers.aws.json_service import Operation
from sandbox.servers.kinesis.errors import not_active
from sandbox.servers.kinesis.pages import page
from sandbox.servers.kinesis.streams import USABLE, Stream, Streams
from sandbox.servers.kinesis.tags import MOST_TAGS, check_tags


class TagOperations:
    """The control plane of tags; each method is the operation of that name."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def operations(self) -> dict[str, Operation]:
        """The operations by Amazon's names of them."""
        return {
            "AddTagsToStream": self.add_tags_to_stream,
            "RemoveTagsFromStream": self.remove_tags_from_stream,
            "ListTagsForStream": self.list_tags_for_stream,
            "TagResource": self.tag_resource,
            "UntagResource": self.untag_resource,
            "ListTagsForResource": self.list_tags_for_resource,
        }

    async def add_tags_to_stream(self, params: Params) -> None:
        """Add tags, or give them other values."""
        self._add(self._named(params), params["Tags"])

    async def remove_tags_from_stream(self, params: Params) -> None:
        """Remove tags; those that are not there are no fault."""
        self._remove(self._named(params), params["TagKeys"])

    async def list_tags_for_stream(self, params: Params) -> Params:
        """A page of a stream's tags, by key."""
        tags = sorted(self._named(params).definition.tags.items())
        shown, more = page(tags, _key, params.get("ExclusiveStartTagKey"), params.get("Limit", MOST_TAGS))
        return {"Tags": _shown(shown), "HasMoreTags": more}

    async def tag_resource(self, params: Params) -> None:
        """Add tags to the stream of an ARN."""
        self._add(self._resource(params), params["Tags"])

    async def untag_resource(self, params: Params) -> None:
        """Remove tags from the stream of an ARN."""
        self._remove(self._resource(params), params["TagKeys"])

    async def list_tags_for_resource(self, params: Params) -> Params:
        """All tags of the stream of an ARN."""
        return {"Tags": _shown(sorted(self._resource(params).definition.tags.items()))}

    def _named(self, params: Params) -> Stream:
        return self._streams.find(params.get("StreamName"), params.get("StreamARN"))

    def _resource(self, params: Params) -> Stream:
        return self._streams.find(None, params["ResourceARN"])

    def _add(self, stream: Stream, tags: dict[str, str]) -> None:
        existing = stream.definition.tags
        check_tags(stream.definition.name, tags, existing)
        self._change(stream, {**existing, **tags})

    def _remove(self, stream: Stream, keys: Iterable[str]) -> None:
        gone = set(keys)
        self._change(stream, {key: value for key, value in stream.definition.tags.items() if key not in gone})

    def _change(self, stream: Stream, tags: dict[str, str]) -> None:
        if stream.definition.status not in USABLE:
            raise not_active(stream.definition.name, stream.definition.status)
        self._streams.change(stream, tags=tags)


def _key(tag: tuple[str, str]) -> str:
    return tag[0]


def _shown(tags: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags]
