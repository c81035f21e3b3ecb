"""A company's proxy signs every download with an authority of its own: the bundled Java trusts it as Python does."""

import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from sandbox.downloads import ivy_jar
from sandbox.java import Java, bundled_java
from sandbox.trust import trust_options

JAR = b"PK\x05\x06" + bytes(18)


class Repository(http.server.BaseHTTPRequestHandler):
    """Every path is an empty jar."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(JAR)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(JAR)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A repository whose certificate only SSL_CERT_FILE vouches for."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Repository)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://localhost:{server.server_address[1]}/"
    server.shutdown()


def fetched(repository: str, folder: Path, options: list[str]) -> bool:
    """Let Ivy fetch one jar from there."""
    settings, module = folder / "settings.xml", folder / "ivy.xml"
    resolver = f'<ibiblio name="r" m2compatible="true" usepoms="false" checksums="" root="{repository}"/>'
    settings.write_text(f'<ivysettings><settings defaultResolver="r"/><resolvers>{resolver}</resolvers></ivysettings>')
    module.write_text(
        '<ivy-module version="2.0"><info organisation="a" module="b"/>'
        '<dependencies><dependency org="c" name="d" rev="1" transitive="false"/></dependencies></ivy-module>'
    )
    words = [bundled_java().path, *options, "-jar", ivy_jar(), "-settings", settings, "-cache", folder / "cache"]
    done = subprocess.run([*words, "-ivy", module, "-confs", "default"], capture_output=True, check=False)
    return done.returncode == 0


def test_the_bundled_java_trusts_whom_python_trusts(repository: str, tmp_path: Path) -> None:
    assert not fetched(repository, tmp_path, [])
    assert fetched(repository, tmp_path, trust_options(bundled_java(), tmp_path))


def test_a_java_of_the_system_keeps_its_own_list(tmp_path: Path) -> None:
    assert trust_options(Java(Path("java"), 21, "PATH"), tmp_path) == []
