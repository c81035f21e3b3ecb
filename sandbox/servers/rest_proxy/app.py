"""The proxy as an ASGI application: from a request to its answer and its line in the request log."""

import asyncio
import logging
import sys
import time

from sandbox.servers.request_log import RequestLog
from sandbox.servers.rest_proxy.admin import Admin
from sandbox.servers.rest_proxy.brokers import Brokers
from sandbox.servers.rest_proxy.cluster import Cluster
from sandbox.servers.rest_proxy.consumers import Consumers
from sandbox.servers.rest_proxy.errors import RestProxyError
from sandbox.servers.rest_proxy.http import Answer, ClientGoneError, Receive, Request, Scope, Send, send_answer
from sandbox.servers.rest_proxy.instances import Instances
from sandbox.servers.rest_proxy.media_types import ANSWER, answer_type
from sandbox.servers.rest_proxy.producing import Producing
from sandbox.servers.rest_proxy.request_log import log_entry
from sandbox.servers.rest_proxy.routes import Resources, answer
from sandbox.servers.rest_proxy.settings import ProxySettings
from sandbox.servers.rest_proxy.topics import Topics

_log = logging.getLogger("rest_proxy")


class RestProxy:
    """Confluent's REST v2 API in front of a Kafka cluster.

    Args:
        settings: the proxy's configuration.
        timeout: seconds from a request to its answer when Kafka is silent.
    """

    def __init__(self, settings: ProxySettings, timeout: float) -> None:
        self._settings = settings
        self._timeout = timeout
        self._log = RequestLog(sys.stdout.buffer)
        self._resources: Resources

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's life from start to end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        client, timeout = self._settings.client, self._timeout
        producing = Producing(client, self._settings.producer, timeout, asyncio.get_running_loop())
        admin = Admin(client, timeout)
        cluster = Cluster(producing.lane, admin, timeout)
        instances = Instances(self._settings, admin, timeout)
        self._resources = Resources(Topics(cluster, producing), Brokers(cluster), Consumers(instances))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        cluster.close()
        await instances.close()
        given_up = await asyncio.to_thread(producing.close, self._timeout)
        if given_up:
            _log.error("%d records were not acknowledged before the end; their senders had no answer.", given_up)
        self._log.flush()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request = Request(scope, receive)
        content_type = ANSWER
        try:
            content_type = answer_type(request.header(b"accept"))
            given = await answer(request, self._resources)
        except ClientGoneError:
            # 499, as web servers log it; there is nobody to send it to.
            self._log.add(log_entry(request, Answer(b"", status=499), time.perf_counter() - began))
            return
        except RestProxyError as error:
            given = Answer(error.body(), status=error.status, headers=error.headers)
        except Exception:
            _log.exception("a request failed for a reason that the proxy does not know")
            given = Answer(RestProxyError().body(), status=RestProxyError.status)
        await send_answer(send, given, content_type)
        self._log.add(log_entry(request, given, time.perf_counter() - began))
