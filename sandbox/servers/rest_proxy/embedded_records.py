"""Records on their way out: Kafka's bytes as entries of an answer, in the instance's embedded format."""

from base64 import b64encode

import orjson
from confluent_kafka import Message

from sandbox.servers.rest_proxy.errors import UndecodableRecordError
from sandbox.servers.rest_proxy.media_types import EmbeddedFormat


def encode_record(message: Message, embedded: EmbeddedFormat) -> bytes:
    """One entry of the answer to a read: ``{"topic", "key", "value", "partition", "offset"}``.

    Raises:
        UndecodableRecordError: the format is JSON, and the key or the value is not.
    """
    part = _json if embedded is EmbeddedFormat.JSON else _base64
    topic = orjson.dumps(message.topic())
    place = f'"partition":{message.partition()},"offset":{message.offset()}'.encode()
    return b'{"topic":%b,"key":%b,"value":%b,%b}' % (topic, part(message.key()), part(message.value()), place)


def size(message: Message) -> int:
    """Bytes of key and value, as limits count them."""
    return len(message.key() or b"") + len(message.value() or b"")


def _json(content: bytes | None) -> bytes:
    """The text itself, so that no digit of a number changes, if it is JSON."""
    if content is None:
        return b"null"
    try:
        orjson.loads(content)
    except ValueError as error:
        raise UndecodableRecordError(f"The record is not JSON: {error}") from None
    return content


def _base64(content: bytes | None) -> bytes:
    return b"null" if content is None else b'"%b"' % b64encode(content)
