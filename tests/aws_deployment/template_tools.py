"""The tools that others wrote for templates and policies, in an environment of their own."""

import subprocess

from own_environment import environment


def run(tool: str, *words: object, given: str = "") -> str:
    """What a tool prints."""
    command = [environment("templates") / "bin" / tool, *map(str, words)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return done.stdout
