"""The service as an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.servers.aws.asgi import Receive, Scope, Send
from sandbox.servers.aws.credentials import CredentialsFile
from sandbox.servers.aws.json_protocol import JsonProtocol
from sandbox.servers.aws.json_service import JsonService, Operation
from sandbox.servers.aws.store import Store
from sandbox.servers.kinesis.gets import Gets
from sandbox.servers.kinesis.operations_shards import ShardOperations
from sandbox.servers.kinesis.operations_streams import StreamOperations
from sandbox.servers.kinesis.operations_tags import TagOperations
from sandbox.servers.kinesis.puts import Puts
from sandbox.servers.kinesis.readers import Readers
from sandbox.servers.kinesis.requests import DECODERS
from sandbox.servers.kinesis.streams import Streams
from sandbox.servers.kinesis.throttle import Limits
from sandbox.servers.kinesis.topics import Topics
from sandbox.servers.kinesis.transitions import Transitions

MAX_BODY_BYTES = 16 << 20  # 10 MiB of records are 14 in base64


class Kinesis:
    """The ASGI application. Raises `StateError` when the state folder cannot be read.

    Args:
        kafka: librdkafka's settings of the connection.
        limits: of each shard.
    """

    def __init__(self, state: Path, credentials: Path, kafka: Mapping[str, Any], limits: Limits) -> None:
        self._streams = Streams(Store(state))
        self._credentials = CredentialsFile(credentials)
        self._kafka = {**kafka, "log_level": 0}
        self._limits = limits
        self._service: JsonService

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the whole life of the server."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._service.serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Hold what is bound to the event loop from the server's start to its stop."""
        await receive()
        topics, readers = Topics(self._kafka), Readers(self._kafka)
        puts = Puts(self._streams, self._limits, self._kafka, asyncio.get_running_loop())
        transitions = Transitions(self._streams, self._limits, topics, puts)
        self._service = self._assemble(topics, readers, puts, transitions)
        transitions.resume()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await transitions.close()
        await readers.close()
        await asyncio.to_thread(puts.close)
        topics.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _assemble(self, topics: Topics, readers: Readers, puts: Puts, transitions: Transitions) -> JsonService:
        gets = Gets(self._streams, self._limits, topics, readers)
        streams = StreamOperations(self._streams, topics, transitions)
        operations: dict[str, Operation] = {
            **streams.operations(),
            **ShardOperations(self._streams, transitions, streams).operations(),
            **TagOperations(self._streams).operations(),
            "PutRecord": puts.put_record,
            "PutRecords": puts.put_records,
            "GetShardIterator": gets.get_shard_iterator,
            "GetRecords": gets.get_records,
        }
        return JsonService(JsonProtocol("kinesis"), operations, DECODERS, self._credentials, MAX_BODY_BYTES)
