"""Content types of the REST v2 API: what a request's body holds and what the answer is called."""

from enum import Enum
from functools import lru_cache

from sandbox.servers.rest_proxy.errors import NotAcceptableError, UnsupportedMediaTypeError

ANSWER = b"application/vnd.kafka.v2+json"
_PLAIN_JSON = b"application/json"
_ACCEPTED = {
    b"*/*": ANSWER,
    b"application/*": ANSWER,
    ANSWER: ANSWER,
    b"application/vnd.kafka+json": b"application/vnd.kafka+json",
    _PLAIN_JSON: _PLAIN_JSON,
}


class EmbeddedFormat(Enum):
    """How a request's body holds keys and values: as JSON, or as base64 text of any bytes."""

    JSON = b"application/vnd.kafka.json.v2+json"
    BINARY = b"application/vnd.kafka.binary.v2+json"


@lru_cache(maxsize=64)
def embedded_format(content_type: bytes) -> EmbeddedFormat:
    """The embedded format that a Content-Type header names.

    Raises:
        UnsupportedMediaTypeError: it names none; ``application/json`` does not, as at Confluent's.
    """
    media_type, charset = _split(content_type)
    if charset not in (b"", b"utf-8"):
        raise UnsupportedMediaTypeError
    try:
        return EmbeddedFormat(media_type)
    except ValueError:
        raise UnsupportedMediaTypeError from None


@lru_cache(maxsize=64)
def answer_type(accept: bytes) -> bytes:
    """The content type to answer in, by an Accept header: the first acceptable one it lists.

    Raises:
        NotAcceptableError: it lists none of ours.
    """
    ranges = [_split(item)[0] for item in accept.split(b",") if item.strip()]
    for media_range in ranges:
        if media_range in _ACCEPTED:
            return _ACCEPTED[media_range]
    if ranges:
        raise NotAcceptableError
    return ANSWER


def _split(header: bytes) -> tuple[bytes, bytes]:
    """Media type and charset of a header item, in small letters."""
    media_type, *parameters = (part.strip().lower() for part in header.split(b";"))
    named = dict(parameter.split(b"=", 1) for parameter in parameters if b"=" in parameter)
    return media_type, named.get(b"charset", b"").strip(b'"')
