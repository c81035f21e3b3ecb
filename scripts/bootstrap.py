"""Make an environment from its lock files: the course's in .venv, and one for each that shares its pins with nobody.

It runs on whatever Python the reader has, so it imports the standard library only and says in one
sentence what is missing. A second run is quick: a stamp holds the digest of everything installed.
"""

import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The environment of each lock file.
ENVIRONMENTS = {
    "course": ".venv",
    "test": ".venv",
    "airflow": ".venv-airflow",
    "airflow2": ".venv-airflow2",
    "databricks": ".venv-databricks",
    "templates": ".venv-templates",
    "emulator": ".venv-emulator",
}
# Our own packages, each of use without the course too.
PACKAGES = [os.path.join(ROOT, "packages", "pyspark-kinesis")]
KERNEL_CONFIG = 'c = get_config()  # noqa: F821\nc.InteractiveShellApp.extensions = ["sandbox.kernel"]\n'
DATABRICKS_KERNEL = os.path.join(ROOT, "dags", "databricks_kernel.py")


def main():
    """Install the lock files named on the command line, all of one environment: ``bootstrap.py course test``."""
    refuse_unfit_python()
    names = sys.argv[1:]
    (folder,) = {ENVIRONMENTS[name] for name in names}
    venv = os.path.join(ROOT, folder)
    projects = [ROOT, *PACKAGES] if "course" in names else []
    pinned = [os.path.join(project, "pyproject.toml") for project in projects]
    pinned += [DATABRICKS_KERNEL] if "databricks" in names else []
    locks = [os.path.join(ROOT, "requirements", name + ".txt") for name in names]
    stamps = {lock: os.path.join(venv, "." + os.path.basename(lock) + ".stamp") for lock in locks}
    wanted = {lock: digest([lock, *pinned]) for lock in locks}
    if all(read(stamps[lock]) == wanted[lock] for lock in locks):
        return
    make_environment(venv)
    for lock in locks:
        # Bytecode now: every later command starts quicker, also where Python may not write any itself.
        uv(venv, "--compile-bytecode", "--require-hashes", "--no-build-isolation-package", "pyspark", "-r", lock)
    for project in projects:
        uv(venv, "--no-deps", "--no-build-isolation", "-e", project)
    if "course" in names:
        configure_kernel(venv, KERNEL_CONFIG)
    if "databricks" in names:
        configure_kernel(venv, read(DATABRICKS_KERNEL))
    for lock in locks:
        write(stamps[lock], wanted[lock])


def refuse_unfit_python():
    """Say in one sentence why this Python cannot make the environment."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 12):
        sys.exit(
            "The course needs Python 3.11 or 3.12 and this is %d.%d: install one of them,"
            " or name it: make PYTHON=/path/to/python3.11" % sys.version_info[:2]
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        sys.exit(
            "This Python has no venv module: install it (on Debian and Ubuntu: sudo apt install python%d.%d-venv)"
            " and run make again." % sys.version_info[:2]
        )


def make_environment(venv):
    """Create the environment if it is missing or broken, and put the pinned installer into it."""
    python = os.path.join(venv, "bin", "python")
    usable = (
        os.path.exists(python) and subprocess.call([python, "-m", "pip", "--version"], stdout=subprocess.DEVNULL) == 0
    )
    if not usable:
        print("Making %s: this happens once and takes a minute or two." % os.path.basename(venv), flush=True)
        shutil.rmtree(venv, ignore_errors=True)
        run([sys.executable, "-m", "venv", venv])
    lock = os.path.join(ROOT, "requirements", "bootstrap.txt")
    run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lock])


def uv(venv, *arguments):
    """Install into an environment with its pinned uv."""
    tools = os.path.join(venv, "bin")
    run([os.path.join(tools, "uv"), "pip", "install", "--python", os.path.join(tools, "python"), *arguments])


def run(command):
    """Run one step; where it fails, say which and how to go on."""
    if subprocess.call(command) != 0:
        sys.exit(
            "Setting up stopped at: %s\n"
            "The lines above say why; once that is mended, run make again: it goes on from here."
            % " ".join(command[:6])
        )


def configure_kernel(venv, config):
    """Give every IPython kernel of an environment `spark`, `dbutils` and `display`, as Databricks does."""
    folder = os.path.join(venv, "etc", "ipython")
    os.makedirs(folder, exist_ok=True)
    write(os.path.join(folder, "ipython_config.py"), config)


def digest(paths):
    """Return the sha256 of the files' contents and of this Python's version."""
    contents = [sys.version] + [read(path) for path in paths]
    return hashlib.sha256("\0".join(contents).encode()).hexdigest()


def read(path):
    """Return a file's text, or nothing where there is none."""
    if not os.path.exists(path):
        return ""
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    """Write a file's text."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
