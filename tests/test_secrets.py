"""No secret in any log, report, process list or table; no listener but on 127.0.0.1."""

import stat
from pathlib import Path

import psutil
import pytest

from sandbox.parts.kafka import new_cluster_id
from sandbox.processes import processes

pytestmark = pytest.mark.sandbox


def generated_secrets(sandbox) -> dict[str, str]:
    fields = sandbox.stack.secrets.model_dump()
    return {name: value.get_secret_value() for name, value in fields.items() if hasattr(value, "get_secret_value")}


def files_below(*folders: Path) -> list[Path]:
    return [path for folder in folders if folder.exists() for path in folder.rglob("*") if path.is_file()]


def test_no_secret_is_in_a_log_or_report(sandbox) -> None:
    home = sandbox.settings.home
    secrets = {name: value.encode() for name, value in generated_secrets(sandbox).items()}
    found = [
        (path.name, name)
        for path in files_below(home / "logs", home / "reports", home / "state")
        for name, value in secrets.items()
        if value in path.read_bytes()
    ]
    assert found == []


def test_no_secret_is_in_the_process_list(sandbox) -> None:
    shown = "\n".join(" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))
    assert [name for name, value in generated_secrets(sandbox).items() if value in shown] == []


def test_no_secret_is_shown_by_a_command(sandbox) -> None:
    shown = "".join(sandbox.command(word, check=False).stdout for word in ("status", "doctor", "versions"))
    assert [name for name, value in generated_secrets(sandbox).items() if value in shown] == []


def test_secrets_are_masked_in_their_repr(sandbox) -> None:
    shown = repr(sandbox.stack.secrets) + str(sandbox.stack.secrets) + repr(sandbox.engine.url)
    assert [name for name, value in generated_secrets(sandbox).items() if value in shown] == []


def test_files_with_secrets_are_for_their_owner_only(sandbox) -> None:
    values = [value.encode() for value in generated_secrets(sandbox).values()]
    home = sandbox.settings.home
    holding = [
        path
        for path in [*files_below(home / "config", home / "credentials", home / "aws"), home / "secrets.json"]
        if any(value in path.read_bytes() for value in values)
    ]
    holding.append(sandbox.settings.env_file)
    assert len(holding) >= 6
    assert [path.name for path in holding if stat.S_IMODE(path.stat().st_mode) != 0o600] == []
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_everything_listens_on_loopback_only(sandbox) -> None:
    group = [process for found in processes(sandbox.settings).values() for process in found]
    listeners = [
        (process.name(), connection.laddr)
        for process in group
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert len(listeners) >= 10
    foreign = [entry for entry in listeners if entry[1].ip not in ("127.0.0.1", "::1", "::ffff:127.0.0.1")]
    assert foreign == []


def test_no_id_of_a_cluster_is_taken_for_an_option() -> None:
    assert not [drawn for drawn in (new_cluster_id() for _ in range(1000)) if drawn.startswith("-") or len(drawn) != 22]
