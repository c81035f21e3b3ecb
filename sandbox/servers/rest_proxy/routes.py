"""Which resource answers which path."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox.servers.rest_proxy.brokers import Brokers
from sandbox.servers.rest_proxy.consumers import Consumers
from sandbox.servers.rest_proxy.errors import MethodNotAllowedError, PathNotFoundError
from sandbox.servers.rest_proxy.http import Answer, Request
from sandbox.servers.rest_proxy.topics import Topics

_PARTITION = re.compile("[0-9]{1,9}")

Methods = dict[str, Callable[[], Awaitable[Answer]]]


@dataclass(frozen=True)
class Resources:
    """All that the proxy answers about."""

    topics: Topics
    brokers: Brokers
    consumers: Consumers


def answer(request: Request, resources: Resources) -> Awaitable[Answer]:
    """Hand a request to its resource.

    Raises:
        PathNotFoundError: no resource has this path.
        MethodNotAllowedError: the resource does not know the method.
    """
    methods = _methods(request, resources)
    if request.method not in methods:
        raise MethodNotAllowedError(["HEAD", *methods] if "GET" in methods else list(methods))
    return methods[request.method]()


def _methods(request: Request, resources: Resources) -> Methods:
    match request.path:
        case ["topics", *rest]:
            return _topic_methods(request, rest, resources.topics)
        case ["consumers", group, *rest]:
            return _consumer_methods(request, group, rest, resources.consumers)
        case ["brokers"]:
            return {"GET": resources.brokers.list}
        case [""]:
            return {"GET": _root}
    raise PathNotFoundError


def _topic_methods(request: Request, path: list[str], topics: Topics) -> Methods:
    match path:
        case [topic]:
            return {"GET": lambda: topics.describe(topic), "POST": lambda: topics.produce(request, topic)}
        case []:
            return {"GET": topics.list}
        case [topic, "partitions"]:
            return {"GET": lambda: topics.partitions(topic)}
        case [topic, "partitions", text] if _PARTITION.fullmatch(text):
            number = int(text)
            return {
                "GET": lambda: topics.partition(topic, number),
                "POST": lambda: topics.produce_to_partition(request, topic, number),
            }
        case [topic, "partitions", text, "offsets"] if _PARTITION.fullmatch(text):
            return {"GET": lambda: topics.offsets(topic, int(text))}
    raise PathNotFoundError


def _consumer_methods(request: Request, group: str, path: list[str], consumers: Consumers) -> Methods:
    match path:
        case []:
            return {"POST": lambda: consumers.create(request, group)}
        case ["instances", name]:
            return {"DELETE": lambda: consumers.delete(group, name)}
        case ["instances", name, *rest]:
            return _instance_methods(request, group, name, rest, consumers)
    raise PathNotFoundError


def _instance_methods(request: Request, group: str, name: str, path: list[str], consumers: Consumers) -> Methods:
    match path:
        case ["subscription"]:
            return {
                "POST": lambda: consumers.subscribe(request, group, name),
                "GET": lambda: consumers.subscription(group, name),
                "DELETE": lambda: consumers.unsubscribe(group, name),
            }
        case ["assignments"]:
            return {
                "POST": lambda: consumers.assign(request, group, name),
                "GET": lambda: consumers.assignment(group, name),
            }
        case ["offsets"]:
            return {
                "POST": lambda: consumers.commit(request, group, name),
                "GET": lambda: consumers.committed(request, group, name),
            }
        case ["positions"]:
            return {"POST": lambda: consumers.seek(request, group, name)}
        case ["positions", "beginning"]:
            return {"POST": lambda: consumers.seek_to_beginning(request, group, name)}
        case ["positions", "end"]:
            return {"POST": lambda: consumers.seek_to_end(request, group, name)}
        case ["records"]:
            return {"GET": lambda: consumers.records(request, group, name)}
    raise PathNotFoundError


async def _root() -> Answer:
    return Answer(b"{}")
