"""What a back end may do with its connection, and what becomes of the request."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from api_gateway_helpers import Deployed, GatewayProcess, any_method, document

Deploy = Callable[..., Deployed]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
NETWORK_ERROR = '{"message":"Network error communicating with endpoint"}'
HANG_UP = b""


@dataclass
class ScriptedBackEnd:
    """Answers each request with the next bytes of its script; `HANG_UP` closes the connection instead.

    Attributes:
        script: what is answered; the connection is closed after an answer in `last`.
        heard: the first line of each request.
        connections: how many were made.
    """

    script: list[bytes] = field(default_factory=list)
    last: set[bytes] = field(default_factory=set)
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with connection:
            while request := self.read(connection):
                self.heard.append(request.split(b"\r\n")[0])
                answer = self.script.pop(0)
                connection.sendall(answer)
                if answer == HANG_UP or answer in self.last:
                    return

    def read(self, connection: socket.socket) -> bytes:
        request = b""
        while b"\r\n\r\n" not in request:
            if not (part := connection.recv(65536)):
                return b""
            request += part
        return request


@pytest.fixture
def back_end() -> Iterator[ScriptedBackEnd]:
    scripted = ScriptedBackEnd()
    yield scripted
    scripted.listener.close()


@pytest.fixture
def api(gateway: GatewayProcess, deploy: Deploy, back_end: ScriptedBackEnd) -> Deployed:
    return deploy(gateway, document({"/a": any_method(f"http://{back_end.address}/a", timeoutInMillis=2000)}))


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (OK, 200, "ok"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nX-Late: 1\r\n\r\n", 200, "ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, "ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 404, ""),
    ],
    ids=["length", "chunked", "announced", "no-content", "empty"],
)
def test_an_answer_passes_and_its_connection_is_kept(
    api: Deployed, back_end: ScriptedBackEnd, answer: bytes, status: int, body: str
) -> None:
    back_end.script += [answer, OK]
    first, second = api.call("/a"), api.call("/a")
    assert (first.status_code, first.text, second.text) == (status, body, "ok")
    assert "X-Late" not in first.headers
    assert back_end.connections == 1


def test_an_answer_to_head_ends_with_its_head(api: Deployed, back_end: ScriptedBackEnd) -> None:
    back_end.script += [OK.removesuffix(b"ok"), OK]
    assert (api.call("/a", "HEAD").status_code, api.call("/a").text) == (200, "ok")
    assert back_end.connections == 1


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\n\r\nok", b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"], ids=["end", "1.0"]
)
def test_an_answer_may_end_with_its_connection(api: Deployed, back_end: ScriptedBackEnd, answer: bytes) -> None:
    back_end.script += [answer, answer]
    back_end.last.add(answer)
    assert [api.call("/a").text for _ in range(2)] == ["ok", "ok"]
    assert back_end.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        HANG_UP,
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
        b"no HTTP at all\r\n\r\n",
    ],
    ids=["silence", "half-a-head", "half-a-body", "half-a-chunk", "no-http"],
)
def test_an_answer_that_is_none_is_a_network_error(api: Deployed, back_end: ScriptedBackEnd, answer: bytes) -> None:
    back_end.script += [answer, OK]
    back_end.last.add(answer)
    broken = api.call("/a", "POST")
    assert (broken.status_code, broken.text) == (504, NETWORK_ERROR)
    assert (api.call("/a").text, back_end.connections) == ("ok", 2)


def test_an_answer_that_never_ends_is_timed_out(api: Deployed, back_end: ScriptedBackEnd) -> None:
    back_end.script += [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", OK]
    slow = api.call("/a")
    assert (slow.status_code, slow.text) == (504, '{"message":"Endpoint request timed out"}')
    assert (api.call("/a").text, back_end.connections) == ("ok", 2)


def test_a_get_is_sent_again_where_a_kept_connection_is_closed(api: Deployed, back_end: ScriptedBackEnd) -> None:
    back_end.script += [OK, HANG_UP, OK]
    assert [api.call("/a").text for _ in range(2)] == ["ok", "ok"]
    assert len(back_end.heard) == 3


def test_a_post_is_never_sent_twice(api: Deployed, back_end: ScriptedBackEnd) -> None:
    back_end.script += [OK, HANG_UP, OK]
    assert [api.call("/a", "POST").status_code for _ in range(2)] == [200, 504]
    assert len(back_end.heard) == 2


def test_what_nobody_asked_for_reaches_no_client(api: Deployed, back_end: ScriptedBackEnd) -> None:
    back_end.script += [OK + OK.replace(b"ok", b"no"), OK]
    assert [api.call("/a").status_code, api.call("/a").text] == [200, "ok"]
    assert back_end.connections == 2
