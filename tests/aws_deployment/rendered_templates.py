"""The course's templates, rendered once, with the parameters of a student."""

from functools import cache
from typing import Any

from deployment.evaluation import Evaluation
from deployment.parameters import FILE, parameters_of
from deployment.parts import PARTS, Part
from deployment.templates import read, render

# What a student gives: everything that is empty in parameters.yaml.
GIVEN = {"UserId": "0123456789ab", "Email": "student@example.com", "BootstrapServers": "b-1.example.com:9098"}
PROJECT = "pinterest"
Template = dict[str, Any]


@cache
def template(part: Part) -> Template:
    return render(part.template)


def templates() -> dict[Part, Template]:
    return {part: template(part) for part in PARTS}


@cache
def parameters() -> dict[str, str]:
    written = {name: str(value) for name, value in read(FILE).items() if value not in (None, "")}
    return {**GIVEN, **written}


def evaluation(part: Part, **other: str) -> Evaluation:
    return Evaluation(template(part), {**parameters_of(template(part), {**parameters(), **other})})


def resources(part: Part, kind: str = "", **other: str) -> dict[str, Template]:
    """The resources of a part, of one type or of all."""
    found = evaluation(part, **other).resources()
    return {name: resource for name, resource in found.items() if kind in ("", resource["Type"])}


def every_resource(kind: str = "") -> list[tuple[Part, str, Template]]:
    """The resources of all parts as the templates have them, whatever the conditions."""
    return [
        (part, name, resource)
        for part in PARTS
        for name, resource in template(part)["Resources"].items()
        if kind in ("", resource["Type"])
    ]
