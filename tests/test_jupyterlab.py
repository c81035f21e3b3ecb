"""`make notebook`: JupyterLab at the first notebook, for its own user only, and its kernels find the sandbox."""

import json
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from sandbox.settings import ROOT
from sandbox.stack import wait_until

pytestmark = [pytest.mark.sandbox, pytest.mark.full]


@pytest.fixture(scope="module")
def server(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What JupyterLab tells of itself: url, token, root_dir."""
    runtime = tmp_path_factory.mktemp("runtime")
    variables = {**sandbox.environment, "JUPYTER_RUNTIME_DIR": str(runtime)}
    command = ["make", "notebook", "NO_BROWSER=1"]
    with (runtime / "log").open("w") as log:
        started = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=log, start_new_session=True)
    try:
        assert wait_until(lambda: bool(told(runtime)), seconds=120), (runtime / "log").read_text()
        yield told(runtime)
    finally:
        subprocess.run(["kill", "-s", str(int(signal.SIGTERM)), "--", f"-{started.pid}"], check=False)
        started.wait(timeout=60)


def told(runtime: Path) -> dict[str, Any]:
    files = list(runtime.glob("jpserver-*.json"))
    return dict(json.loads(files[0].read_text())) if files else {}


def test_it_serves_the_repository_at_the_first_notebook(server: dict[str, Any]) -> None:
    assert Path(server["root_dir"]) == ROOT
    page = requests.get(f"{server['url']}lab/tree/notebooks/00_start_here.ipynb", headers=login(server), timeout=30)
    assert page.status_code == 200
    start = requests.get(server["url"], headers=login(server), timeout=30, allow_redirects=False)
    assert start.headers["Location"].endswith("/lab/tree/notebooks/00_start_here.ipynb?")


def login(server: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"token {server['token']}"}


def test_it_listens_on_this_machine_only_and_asks_for_its_token(server: dict[str, Any]) -> None:
    assert server["url"].startswith("http://127.0.0.1:")
    assert requests.get(f"{server['url']}api/contents/notebooks", timeout=30).status_code == 403


def test_a_kernel_finds_the_sandbox(server: dict[str, Any], sandbox: Any) -> None:
    code = "import os; print(os.environ['COURSE_CATCH_UP'], spark.range(3).count(), os.path.basename(os.getcwd()))"
    assert run(server, code) == f"{sandbox.environment['COURSE_CATCH_UP']} 3 notebooks\n"


def run(server: dict[str, Any], code: str) -> str:
    """What code prints in a kernel that is started for the first notebook."""
    notebook = {"path": "notebooks/00_start_here.ipynb", "type": "notebook", "name": "", "kernel": {"name": "python3"}}
    sessions = f"{server['url']}api/sessions"
    session = requests.post(sessions, headers=login(server), json=notebook, timeout=60).json()
    address = f"{server['url'].replace('http', 'ws', 1)}api/kernels/{session['kernel']['id']}/channels"
    channels = websocket.create_connection(address, header=login(server), timeout=120)
    channels.send(json.dumps(request(code)))
    printed = ""
    while (message := json.loads(channels.recv()))["msg_type"] != "execute_reply":
        printed += message["content"].get("text", "") if message["msg_type"] == "stream" else ""
    channels.close()
    requests.delete(f"{sessions}/{session['id']}", headers=login(server), timeout=60)
    return printed


def request(code: str) -> dict[str, Any]:
    """A kernel's message that asks it to run code."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": uuid.uuid4().hex, "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    message = {"header": header | {"username": ""}, "parent_header": {}, "metadata": {}, "content": content}
    return message | {"channel": "shell"}
