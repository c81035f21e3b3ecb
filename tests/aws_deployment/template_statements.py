"""The policy statements of the templates: of roles, keys, buckets, topics and endpoints."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rendered_templates import every_resource

from deployment.parts import Part


@dataclass(frozen=True)
class Statement:
    """A statement, and the resource that it stands in."""

    part: Part
    resource: str
    kind: str
    told: dict[str, Any]
    reason: str

    def __str__(self) -> str:
        return f"{self.part.name} {self.resource} {self.told.get('Sid', '')}"

    @property
    def allows(self) -> bool:
        return self.told["Effect"] == "Allow"

    @property
    def trust(self) -> bool:
        """Whether it says who may take on a role."""
        return self.kind == "AWS::IAM::Role" and "Principal" in self.told

    @property
    def actions(self) -> list[str]:
        return listed(self.told.get("Action", []))

    @property
    def resources(self) -> list[Any]:
        return listed(self.told.get("Resource", []))

    @property
    def comment(self) -> str:
        """What the template's own lines say right above the statement."""
        lines = self.part.template.read_text().splitlines()
        places = [number for number, line in enumerate(lines) if line.strip() == f"- Sid: {self.told.get('Sid')}"]
        return " ".join(lines[place - 1].strip() for place in places if lines[place - 1].strip().startswith("#"))


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def statements() -> Iterator[Statement]:
    for part, name, resource in every_resource():
        reason = resource.get("Metadata", {}).get("Reason", "")
        for told in _below(resource.get("Properties", {})):
            yield Statement(part, name, resource["Type"], told, reason)


def _below(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if "Statement" in node and "Version" in node:
            yield from listed(node["Statement"])
            return
        for below in node.values():
            yield from _below(below)
    elif isinstance(node, list):
        for below in node:
            yield from _below(below)


ALL = list(statements())
# The IAM action of an operation, where it has another name.
_ACTIONS = {"s3:HeadBucket": "s3:ListBucket", "s3:ListObjectsV2": "s3:ListBucket", "s3:HeadObject": "s3:GetObject"}


def iam_action(service: str, operation: str) -> str:
    """The action that a call asks the right for."""
    return _ACTIONS.get(f"{service}:{operation}", f"{service}:{operation}")


def allowed(role: str) -> set[str]:
    """The actions that a role allows; it is called by its part and its logical id."""
    part, name = role.split()
    own = [one for one in ALL if (one.part.name, one.resource) == (part, name) and one.allows and not one.trust]
    return {action for statement in own for action in statement.actions}
