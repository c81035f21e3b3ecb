"""JsonConverter and JsonFormat in one: a record's value becomes one line of JSON."""

import re

import orjson

from sandbox.servers.msk_connect.errors import NotJsonError

# Strings are kept whole, so that blanks inside them survive. Valid JSON has no raw line break inside a string.
_STRING_OR_BLANK = re.compile(rb'("(?:[^"\\]+|\\.)*")|[ \t\r\n]+')


def json_line(value: bytes | None) -> bytes | None:
    """Give a record's value as compact JSON without a line break, or None for a null.

    The text is the producer's own with the blanks between tokens left out: order of keys, numbers of any length and
    characters stay as they were sent. As in Kafka Connect, a missing value (a tombstone) and the JSON ``null`` are
    both null. Stricter than Confluent's converter, which accepts a document with rubbish behind it.

    Raises:
        NotJsonError: the bytes are not exactly one JSON document in UTF-8.
    """
    if value is None:
        return None
    try:
        document = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise NotJsonError(str(error)) from error
    return None if document is None else _STRING_OR_BLANK.sub(rb"\1", value)
