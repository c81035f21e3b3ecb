"""The parameters of all stacks: one file, and the environment for what the student must give.

A value that is empty in the file is looked up in the environment, then in the repository's `.env`, under its name in
capitals: ``UserId`` is ``USER_ID``. The variable ``PARAMETERS`` names another file, for a second set of stacks.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from deployment.errors import ParameterMissingError
from deployment.parts import FOLDER, ROOT
from deployment.templates import read

FILE = FOLDER / "parameters.yaml"


def parameter_file() -> Path:
    """The file of the parameters."""
    return Path(os.environ.get("PARAMETERS") or FILE)


def read_parameters() -> dict[str, str]:
    """Every parameter of the file as CloudFormation takes it; those that nobody has given are left out."""
    outside = {**dotenv_values(ROOT / ".env"), **os.environ}
    values = {name: _text(value) or outside.get(variable(name)) for name, value in read(parameter_file()).items()}
    return {name: value for name, value in values.items() if value}


def variable(parameter: str) -> str:
    """The environment variable of a parameter."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", parameter).upper()


def parameters_of(template: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
    """The values of those parameters that a template declares.

    Raises:
        ParameterMissingError: one of them has no value, and no default in the template.
    """
    declared = template.get("Parameters", {})
    return {
        name: given(name, known, told.get("Description", ""))
        for name, told in declared.items()
        if name in known or "Default" not in told
    }


def given(name: str, known: Mapping[str, str], description: str = "") -> str:
    """The value of a parameter.

    Raises:
        ParameterMissingError: it has none.
    """
    if name not in known:
        raise ParameterMissingError(
            f"The parameter {name} has no value. {description}".rstrip(),
            f"Write it into {os.path.relpath(parameter_file(), ROOT)}, or set it: export {variable(name)}=...",
        )
    return known[name]


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list():
            return ",".join(map(_text, value))
    return str(value)
