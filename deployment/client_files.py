"""The two archives of the client instance, which reaches no registry: Kafka's jars, and the REST proxy's wheels."""

import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from deployment.errors import ArtifactMissingError
from deployment.parts import ROOT

# Amazon Linux 2023 on x86-64 has glibc 2.34.
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def kafka_zip() -> bytes:
    """The jars of Kafka's tools and of aws-msk-iam-auth.

    Raises:
        ArtifactMissingError: they cannot be fetched.
    """
    with TemporaryDirectory() as folder:
        _run([sys.executable, str(ROOT / "scripts" / "client_jars.py"), folder])
        return zipped(Path(folder))


def wheels_zip() -> bytes:
    """This repository's wheel and those of requirements/rest-proxy.txt, for the instance's Python and platform.

    Raises:
        ArtifactMissingError: they cannot be fetched.
    """
    # Setuptools would put into the wheel what an earlier build has left there.
    shutil.rmtree(ROOT / "build" / "lib", ignore_errors=True)
    with TemporaryDirectory() as folder:
        platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        needed = ["--require-hashes", "--no-deps", "-r", str(ROOT / "requirements" / "rest-proxy.txt")]
        target = ["--python-version", "3.11", "--only-binary", ":all:", *platforms]
        _run([*pip, "download", "--dest", folder, *target, *needed])
        _run([*pip, "wheel", "--wheel-dir", folder, "--no-deps", "--no-build-isolation", str(ROOT)])
        return zipped(Path(folder))


def zipped(folder: Path) -> bytes:
    """A folder's files as a zip archive; the same files are the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name), path.read_bytes())
    return buffer.getvalue()


def _run(command: list[str]) -> None:
    # A wheel's dates are those of its files, unless it is told another one.
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ArtifactMissingError(
            f"The client's files cannot be made: {done.stderr.strip()}", "Mend what it says, then run it again."
        )
