"""The AWS CLI's own tables of commands and options, and Amazon's models of the calls behind them."""

from functools import cache
from typing import Any

import botocore.session
from awscli.clidriver import create_clidriver
from botocore.validate import ParamValidator

# Commands of the CLI's version 2, which tests have in version 1.
ONLY_IN_VERSION_2 = {("sso", "login"), ("logs", "tail"), ("configure", "list-profiles"), ("configure", "sso")}


@cache
def _driver() -> Any:
    return create_clidriver()


def unknown(words: list[str]) -> str:
    """What of a command, without `aws`, the CLI does not know, or misses; empty where it is as it must be."""
    words = _without_global_options(words)
    if tuple(words[:2]) in ONLY_IN_VERSION_2:
        return ""
    command, rest = _driver()._get_command_table().get(words[0]), words[1:]
    while command is not None and rest and (below := _below(command)):
        command, rest = below.get(rest[0]), rest[1:]
    if command is None:
        return f"no command {' '.join(words[:2])}"
    arguments = _arguments(command)
    given = [word.partition("=")[0].removeprefix("--") for word in rest if word.startswith("--")]
    odd = [name for name in given if name not in arguments]
    if not odd and "cli-input-json" not in given:
        odd = [f"missing {name}" for name, needed in arguments.items() if needed and f"--{name}" not in rest]
    return " ".join(odd)


def _without_global_options(words: list[str]) -> list[str]:
    """The words without the options that every command takes, and their values."""
    left, names = [], _driver()._get_argument_table()
    for place, word in enumerate(words):
        name = word.removeprefix("--")
        before = words[place - 1].removeprefix("--") if place and words[place - 1].startswith("--") else ""
        takes_value = before in names and names[before].cli_type_name != "boolean"
        if not (word.startswith("--") and name in names) and not takes_value:
            left.append(word)
    return left


def _below(command: Any) -> dict[str, Any]:
    """The commands below a command, such as the operations of a service."""
    if hasattr(command, "_get_command_table"):
        return dict(command._get_command_table())
    return dict(getattr(command, "subcommand_table", {}))


def _arguments(command: Any) -> dict[str, bool]:
    """The options of a command, and whether each must be given."""
    table = {name: argument.required for name, argument in command.arg_table.items()}
    # Each switch has its opposite in a list of its own, and neither is needed.
    return {name: needed and f"no-{name}" not in table for name, needed in table.items()}


def faults_of_input(service: str, operation: str, given: dict[str, Any]) -> str:
    """What Amazon's model of a call finds in its parameters; empty where it finds nothing."""
    model = botocore.session.get_session().get_service_model(service)
    name = next(known for known in model.operation_names if _command(known) == operation)
    return ParamValidator().validate(given, model.operation_model(name).input_shape).generate_report()


def _command(operation: str) -> str:
    return botocore.xform_name(operation, "-")
