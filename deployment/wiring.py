"""Which part builds on which, as the templates themselves say it: by what they export and import."""

from collections.abc import Iterator, Mapping
from typing import Any

from deployment.evaluation import Evaluation
from deployment.parts import Part

Template = Mapping[str, Any]


class Wiring:
    """The exports and imports of all parts.

    Attributes:
        exports: the names that each part's stack exports.
        imports: the names that each part's stack imports.
    """

    def __init__(self, templates: Mapping[Part, Template], parameters: Mapping[str, str]) -> None:
        self.exports = {part: set(_exported(template, parameters)) for part, template in templates.items()}
        self.imports = {part: set(_imported(template, parameters)) for part, template in templates.items()}

    def supplier(self, export: str) -> Part | None:
        """The part that exports a name; None where no template does."""
        return next((part for part, names in self.exports.items() if export in names), None)

    def users(self, part: Part) -> list[Part]:
        """The parts that build on one, the last of them first."""
        return [user for user, names in reversed(self.imports.items()) if names & self.exports[part]]


def _exported(template: Template, parameters: Mapping[str, str]) -> Iterator[str]:
    evaluation = Evaluation(template, parameters)
    for output in template.get("Outputs", {}).values():
        if "Export" in output and ("Condition" not in output or evaluation.holds({"Condition": output["Condition"]})):
            yield evaluation.value(output["Export"]["Name"])


def _imported(template: Template, parameters: Mapping[str, str]) -> Iterator[str]:
    """The imports of what is made: a branch that no condition takes asks for nothing."""
    evaluation = Evaluation(template, parameters)
    yield from _import_names(evaluation.resources())
    yield from _import_names(evaluation.value(template.get("Outputs", {})))


def _import_names(node: Any) -> Iterator[str]:
    match node:
        case {"Fn::ImportValue": name}:
            yield name
        case dict():
            for below in node.values():
                yield from _import_names(below)
        case list():
            for below in node:
                yield from _import_names(below)
