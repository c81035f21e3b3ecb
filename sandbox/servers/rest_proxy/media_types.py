"""Content types of the REST v2 API: what a request's body holds, and what the answer is called.

Which types an answer may have, and how much each is preferred, is Confluent's (``Versions.java``): the weights here are
those of its resources' ``@Produces``. Its documentation permits the less specific types at the end besides.
"""

from collections.abc import Mapping
from enum import Enum
from functools import lru_cache

from sandbox.servers.rest_proxy.errors import NotAcceptableError, UnsupportedMediaTypeError

ANSWER = b"application/vnd.kafka.v2+json"
_LESS_SPECIFIC = {b"application/vnd.kafka+json": 0.08, b"application/json": 0.05}


class EmbeddedFormat(Enum):
    """How a body holds keys and values: as base64 text of any bytes, or as JSON."""

    BINARY = b"application/vnd.kafka.binary.v2+json"
    JSON = b"application/vnd.kafka.json.v2+json"


# Formats that need a schema registry: they may name an answer that holds no records.
_WITH_SCHEMAS = (
    b"application/vnd.kafka.avro.v2+json",
    b"application/vnd.kafka.jsonschema.v2+json",
    b"application/vnd.kafka.protobuf.v2+json",
)
_EMBEDDED = dict.fromkeys((*(embedded.value for embedded in EmbeddedFormat), *_WITH_SCHEMAS), 0.1)
_ANSWERS = {ANSWER: 0.9, **_EMBEDDED, **_LESS_SPECIFIC}
# Records are binary unless the client asks for something else by name.
_RECORDS = {**_ANSWERS, EmbeddedFormat.BINARY.value: 1.0}
_CONSUMER_REQUESTS = {ANSWER, *_EMBEDDED}


@lru_cache(maxsize=64)
def embedded_format(content_type: bytes) -> EmbeddedFormat:
    """The embedded format that a Content-Type header names.

    Raises:
        UnsupportedMediaTypeError: it names none; ``application/json`` does not, as at Confluent's.
    """
    try:
        return EmbeddedFormat(_utf8_type(content_type))
    except ValueError:
        raise UnsupportedMediaTypeError from None


@lru_cache(maxsize=64)
def check_consumer_type(content_type: bytes) -> None:
    """Let a request to a consumer pass that says that it is of version 2, or says nothing.

    Raises:
        UnsupportedMediaTypeError: it says something else.
    """
    if content_type and _utf8_type(content_type) not in _CONSUMER_REQUESTS:
        raise UnsupportedMediaTypeError


@lru_cache(maxsize=64)
def answer_type(accept: bytes) -> bytes:
    """The content type to answer in, by an Accept header.

    Raises:
        NotAcceptableError: it accepts none of ours.
    """
    return _negotiate(accept, _ANSWERS)


@lru_cache(maxsize=64)
def records_type(accept: bytes) -> bytes:
    """The content type of an answer that holds records, by an Accept header; raises NotAcceptableError."""
    return _negotiate(accept, _RECORDS)


def embedded_in_answer(content_type: bytes) -> EmbeddedFormat | None:
    """The format of an answer's records; None for one that needs a schema registry."""
    if content_type in _WITH_SCHEMAS:
        return None
    return EmbeddedFormat.JSON if content_type == EmbeddedFormat.JSON.value else EmbeddedFormat.BINARY


def _negotiate(accept: bytes, weights: Mapping[bytes, float]) -> bytes:
    """JAX-RS's choice: the closest match, then what the client prefers, then what the server does, then its order."""
    ranges = [_range(item) for item in accept.split(b",") if item.strip()] or [(b"*/*", 1.0)]
    choices = [(*_preference(media_type, ranges), weight, media_type) for media_type, weight in weights.items()]
    acceptable = [choice for choice in choices if choice[1] > 0]
    if not acceptable:
        raise NotAcceptableError
    return max(acceptable, key=lambda choice: choice[:3])[-1]


def _preference(media_type: bytes, ranges: list[tuple[bytes, float]]) -> tuple[int, float]:
    """How closely the closest range of an Accept header matches, and that range's weight: 0 refuses."""
    matching = [(2 - name.count(b"*"), weight) for name, weight in ranges if _matches(name, media_type)]
    return max(matching, default=(0, 0.0))


def _range(item: bytes) -> tuple[bytes, float]:
    """A media range of an Accept header, and its weight."""
    media_range, parameters = _split(item)
    try:
        return media_range, float(parameters.get(b"q", b"1"))
    except ValueError:
        raise NotAcceptableError from None


def _matches(media_range: bytes, media_type: bytes) -> bool:
    return media_range in (media_type, b"application/*", b"*/*")


def _utf8_type(header: bytes) -> bytes:
    media_type, parameters = _split(header)
    if parameters.get(b"charset", b"utf-8").strip(b'"') != b"utf-8":
        raise UnsupportedMediaTypeError
    return media_type


def _split(header: bytes) -> tuple[bytes, dict[bytes, bytes]]:
    """Media type and parameters of a header item, in small letters."""
    media_type, *parameters = (part.strip().lower() for part in header.split(b";"))
    named = (parameter.split(b"=", 1) for parameter in parameters if b"=" in parameter)
    return media_type, {name.strip(): value.strip() for name, value in named}
