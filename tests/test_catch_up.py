"""What earlier parts leave behind is made by a command, whose output and failure the notebook shows."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lib.catch_up import CatchUpError, catch_up_to


def command(folder: Path, code: str) -> str:
    """A command that runs `code`; its folder has a blank in its name."""
    script = folder / "a command.py"
    script.write_text(code)
    return f"{sys.executable} '{script}'"


def test_an_empty_command_does_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    catch_up_to(4, "")
    catch_up_to(4, "  ")
    assert capfd.readouterr().out == ""


def test_the_command_is_given_the_part_and_its_output_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catch_up_to(4, command(tmp_path, "import sys; print('part', *sys.argv[1:]); print('märz', file=sys.stderr)"))
    assert sorted(capsys.readouterr().out.splitlines()) == ["märz", "part 4"]


def test_a_line_is_shown_when_it_comes_not_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = f"""
import pathlib, sys, time
print("first", flush=True)
seen = pathlib.Path({str(tmp_path / "seen")!r})
end = time.monotonic() + 30
while not seen.exists() and time.monotonic() < end:
    time.sleep(0.01)
sys.exit(not seen.exists())
"""
    monkeypatch.setattr(sys, "stdout", Touching(tmp_path / "seen"))
    catch_up_to(1, command(tmp_path, code))


class Touching:
    """A stream that makes a file when something is written to it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def write(self, _: str) -> None:
        self.file.touch()

    def flush(self) -> None:
        pass


def test_a_failure_is_an_error_with_the_last_of_what_was_told(tmp_path: Path) -> None:
    told = "print('one'); print('The sandbox is not running.'); print('Start it: sandbox up\\n'); raise SystemExit(1)"
    with pytest.raises(CatchUpError, match=r"5` failed: The sandbox is not running\. Start it: sandbox up$") as caught:
        catch_up_to(5, command(tmp_path, told))
    assert "one" not in str(caught.value)


def test_a_failure_without_a_word_tells_the_exit_code(tmp_path: Path) -> None:
    with pytest.raises(CatchUpError, match="it ended with 7"):
        catch_up_to(5, command(tmp_path, "raise SystemExit(7)"))


def test_a_command_that_is_not_there_is_an_error_that_says_how_to_set_it() -> None:
    with pytest.raises(CatchUpError, match=r"no-such-command.*sandbox env.*on AWS leave it empty"):
        catch_up_to(2, "no-such-command start-at")


def test_a_command_with_an_open_quotation_mark_is_an_error() -> None:
    with pytest.raises(CatchUpError, match="is no command"):
        catch_up_to(2, "sandbox 'start-at")


def test_an_interrupted_kernel_leaves_no_command_behind(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    words = command(
        tmp_path,
        f"""
import pathlib, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)  # a kernel is interrupted alone
def end(*_):
    pathlib.Path({str(ended)!r}).touch()
    sys.exit(1)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
""",
    )
    # As a kernel does; what runs in the background of a shell may have been told to ignore it.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += f"from lib.catch_up import catch_up_to; catch_up_to(1, {words!r})"
    kernel = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert kernel.stdout is not None and kernel.stdout.readline() == b"ready\n"
    kernel.send_signal(signal.SIGINT)
    assert kernel.wait(30) != 0
    until = time.monotonic() + 30
    while not ended.exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert ended.exists()
