"""The resources below ``/consumers``: consumers that live in the proxy between a client's requests."""

import asyncio
import re
from urllib.parse import quote

import orjson

from sandbox.servers.rest_proxy.consumer_requests import (
    check_name,
    parse_instance,
    parse_offsets,
    parse_partitions,
    parse_subscription,
)
from sandbox.servers.rest_proxy.errors import ConsumerFormatMismatchError, PartitionNotFoundError, PathNotFoundError
from sandbox.servers.rest_proxy.http import NO_CONTENT, Answer, Request
from sandbox.servers.rest_proxy.instances import Instance, Instances, ReadLimits
from sandbox.servers.rest_proxy.media_types import check_consumer_type, embedded_in_answer, records_type

_NUMBER = re.compile("[+-]?[0-9]{1,18}")


class Consumers:
    """Answers requests below ``/consumers``; an address holds the group and the instance's name."""

    def __init__(self, instances: Instances) -> None:
        self._instances = instances

    async def create(self, request: Request, group: str) -> Answer:
        """``POST /consumers/{group}``: a new instance and its address."""
        wanted = parse_instance(await _body(request))
        name = self._instances.create(check_name(group), wanted)
        return _json({"instance_id": name, "base_uri": f"{request.url}/instances/{quote(name, safe='')}"})

    async def delete(self, group: str, name: str) -> Answer:
        """``DELETE ...``: the instance leaves its group."""
        await self._instances.delete(group, name)
        return NO_CONTENT

    async def subscribe(self, request: Request, group: str, name: str) -> Answer:
        """``POST .../subscription``: to topics, or to those whose names match a pattern."""
        instance, body = await self._called(request, group, name)
        topics, pattern = parse_subscription(body)
        if topics is not None:
            await instance.call(lambda session: session.subscribe(topics))
        elif pattern is not None:
            await instance.call(lambda session: session.subscribe_pattern(pattern))
        return NO_CONTENT

    async def subscription(self, group: str, name: str) -> Answer:
        """``GET .../subscription``: the topics."""
        topics = await self._instances.find(group, name).call(lambda session: session.subscription())
        return _json({"topics": topics})

    async def unsubscribe(self, group: str, name: str) -> Answer:
        """``DELETE .../subscription``: give up all partitions."""
        await self._instances.find(group, name).call(lambda session: session.unsubscribe())
        return NO_CONTENT

    async def assign(self, request: Request, group: str, name: str) -> Answer:
        """``POST .../assignments``: read these partitions, without the group."""
        instance, body = await self._called(request, group, name)
        places = parse_partitions(body)
        await instance.call(lambda session: session.assign(places))
        return NO_CONTENT

    async def assignment(self, group: str, name: str) -> Answer:
        """``GET .../assignments``: the partitions that are read now."""
        places = await self._instances.find(group, name).call(lambda session: session.assignment())
        return _json({"partitions": [{"topic": topic, "partition": number} for topic, number in places]})

    async def commit(self, request: Request, group: str, name: str) -> Answer:
        """``POST .../offsets``: keep these records, or all that were read, as done.

        An explicit offset is that of the last record done: Confluent commits the one after it.
        """
        instance, body = await self._called(request, group, name)
        done = parse_offsets(body) if body.strip() else None
        commits = None if done is None else [(place, offset + 1, metadata) for place, offset, metadata in done]
        await instance.call(lambda session: session.commit(commits))
        return _json([])

    async def committed(self, request: Request, group: str, name: str) -> Answer:
        """``GET .../offsets``: where the group goes on in the partitions that the body names."""
        instance, body = await self._called(request, group, name)
        if not body.strip():
            raise PartitionNotFoundError
        places = parse_partitions(body)
        found = await instance.call(lambda session: session.committed(places))
        names = ("topic", "partition", "offset", "metadata")
        return _json({"offsets": [dict(zip(names, (*place, *rest), strict=True)) for place, *rest in found]})

    async def seek(self, request: Request, group: str, name: str) -> Answer:
        """``POST .../positions``: read on at these offsets."""
        instance, body = await self._called(request, group, name)
        offsets = {place: offset for place, offset, _ in parse_offsets(body)}
        await instance.call(lambda session: session.seek(offsets))
        return NO_CONTENT

    async def seek_to_beginning(self, request: Request, group: str, name: str) -> Answer:
        """``POST .../positions/beginning``: read on at the oldest records."""
        instance, body = await self._called(request, group, name)
        places = parse_partitions(body)
        await instance.call(lambda session: session.seek_to_beginning(places))
        return NO_CONTENT

    async def seek_to_end(self, request: Request, group: str, name: str) -> Answer:
        """``POST .../positions/end``: read on at what comes next."""
        instance, body = await self._called(request, group, name)
        places = parse_partitions(body)
        await instance.call(lambda session: session.seek_to_end(places))
        return NO_CONTENT

    async def records(self, request: Request, group: str, name: str) -> Answer:
        """``GET .../records``: what comes in while the request waits; query ``timeout`` (ms) and ``max_bytes``."""
        content_type = records_type(request.header(b"accept"))
        instance = self._instances.find(group, name)
        limits = _read_limits(request.query, instance)
        if embedded_in_answer(content_type) is not instance.format:
            raise ConsumerFormatMismatchError
        gone = asyncio.ensure_future(request.gone())
        try:
            records = await instance.read(limits, gone)
        finally:
            gone.cancel()
        return Answer(b"[%b]" % b",".join(records), logged={"records": len(records)}, content_type=content_type)

    async def _called(self, request: Request, group: str, name: str) -> tuple[Instance, bytes]:
        body = await _body(request)
        return self._instances.find(group, name), body


async def _body(request: Request) -> bytes:
    check_consumer_type(request.header(b"content-type"))
    return await request.body()


def _read_limits(query: dict[str, str], instance: Instance) -> ReadLimits:
    """A request may ask for less than the instance gives, not for more."""
    limits = instance.limits
    timeout, max_bytes = _number(query, "timeout"), _number(query, "max_bytes")
    milliseconds = min(timeout, limits.request_timeout_ms) if timeout > 0 else limits.request_timeout_ms
    return ReadLimits(
        seconds=milliseconds / 1000,
        min_bytes=limits.fetch_min_bytes,
        max_bytes=min(max_bytes, limits.request_max_bytes) if max_bytes > 0 else limits.request_max_bytes,
    )


def _number(query: dict[str, str], name: str) -> int:
    """A number of the query, -1 if there is none; what is no number names no resource, as JAX-RS has it."""
    text = query.get(name) or "-1"
    if not _NUMBER.fullmatch(text):
        raise PathNotFoundError
    return int(text)


def _json(body: object) -> Answer:
    return Answer(orjson.dumps(body))
