"""What the stacks tell, as the student's settings: `.env.aws`, to be taken in place of the sandbox's `.env`.

A template names them itself: its ``Metadata`` has an ``Environment``, from a variable of `credentials/template.env` to
one of the template's outputs.
"""

import os
import shlex
from collections.abc import Callable
from pathlib import Path

from deployment import lookups
from deployment.account import Account
from deployment.parts import PARTS, ROOT, Part
from deployment.project import Project

FILE = ".env.aws"
HEADER = "# Written by `make deploy`, from the outputs of the stacks. Use it: cp .env.aws .env\n"

# Variables whose value is no output, but is asked of the service by one.
LOOKUPS: dict[str, Callable[[Account, str], str]] = {
    "API_KEY": lookups.api_key,
    "BOOTSTRAP_SERVERS": lookups.bootstrap_servers,
    "RDS_PASSWORD": lookups.password,
}


def environment_file() -> Path:
    """The file: `.env.aws` in the repository's root, or the one that the variable ``ENV_FILE`` names."""
    return ROOT / (os.environ.get("ENV_FILE") or FILE)


def write_environment(project: Project) -> None:
    """Write the file anew from the stacks that stand; without any, there is no file."""
    file = environment_file()
    variables = {name: value for part in PARTS for name, value in part_variables(project, part).items()}
    if not variables:
        file.unlink(missing_ok=True)
        return
    variables["USER_ID"] = project.user_id
    file.touch(mode=0o600)
    file.chmod(0o600)
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())]
    file.write_text(HEADER + "".join(lines))


def part_variables(project: Project, part: Part) -> dict[str, str]:
    """The variables that a part's stack gives; none where it does not stand."""
    outputs = project.stack(part).outputs()
    wanted = project.template(part).get("Metadata", {}).get("Environment", {})
    told = {variable: outputs[output] for variable, output in wanted.items() if output in outputs}
    return {
        variable: LOOKUPS[variable](project.account, value) if variable in LOOKUPS else value
        for variable, value in told.items()
    }
