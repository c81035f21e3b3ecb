"""Which resource answers which path. Consumer groups take their place here."""

import re
from collections.abc import Awaitable, Callable

from sandbox.servers.rest_proxy.errors import MethodNotAllowedError, PathNotFoundError
from sandbox.servers.rest_proxy.http import Answer, Request
from sandbox.servers.rest_proxy.topics import Topics

_PARTITION = re.compile("[0-9]{1,9}")

Methods = dict[str, Callable[[], Awaitable[Answer]]]


def answer(request: Request, topics: Topics) -> Awaitable[Answer]:
    """Hand a request to its resource.

    Raises:
        PathNotFoundError: no resource has this path.
        MethodNotAllowedError: the resource does not know the method.
    """
    methods = _methods(request, topics)
    if request.method not in methods:
        raise MethodNotAllowedError(["HEAD", *methods] if "GET" in methods else list(methods))
    return methods[request.method]()


def _methods(request: Request, topics: Topics) -> Methods:
    match request.path:
        case [""]:
            return {"GET": _root}
        case ["topics"]:
            return {"GET": topics.list}
        case ["topics", topic]:
            return {"GET": lambda: topics.describe(topic), "POST": lambda: topics.produce(request, topic)}
        case ["topics", topic, "partitions"]:
            return {"GET": lambda: topics.partitions(topic)}
        case ["topics", topic, "partitions", text] if _PARTITION.fullmatch(text):
            number = int(text)
            return {
                "GET": lambda: topics.partition(topic, number),
                "POST": lambda: topics.produce_to_partition(request, topic, number),
            }
    raise PathNotFoundError


async def _root() -> Answer:
    return Answer(b"{}")
