"""What a template comes to for given parameters, as far as it can be told before there is a stack."""

import re
from collections.abc import Mapping
from typing import Any

NO_VALUE = {"Ref": "AWS::NoValue"}
_REFERENCE = re.compile(r"\$\{(\w+)\}")


class Evaluation:
    """A template with the values of its parameters; the defaults count where none is given.

    What stands elsewhere (imports, attributes of resources, pseudo parameters) are AWS's to know, and stay as they are.
    """

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        declared = template.get("Parameters", {})
        defaults = {name: str(told["Default"]) for name, told in declared.items() if "Default" in told}
        self._values = {**defaults, **{name: value for name, value in parameters.items() if name in declared}}
        self._lists = {name for name, told in declared.items() if "List" in told["Type"]}
        self._conditions = template.get("Conditions", {})
        self._resources = template["Resources"]

    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources whose condition holds, by logical id; what only AWS knows stays as the template has it."""
        return {
            name: self.value(resource)
            for name, resource in self._resources.items()
            if "Condition" not in resource or self.holds({"Condition": resource["Condition"]})
        }

    def holds(self, condition: Any) -> bool:
        """Whether a condition is true."""
        match condition:
            case {"Condition": name}:
                return self.holds(self._conditions[name])
            case {"Fn::Equals": [left, right]}:
                return str(self.value(left)) == str(self.value(right))
            case {"Fn::Not": [inner]}:
                return not self.holds(inner)
            case {"Fn::And": inner}:
                return all(map(self.holds, inner))
            case {"Fn::Or": inner}:
                return any(map(self.holds, inner))
        raise ValueError(f"no condition: {condition}")

    def value(self, node: Any) -> Any:
        """A part of the template with parameters, conditions and what follows from them put in."""
        match node:
            case {"Ref": name} if name in self._values:
                return self._values[name].split(",") if name in self._lists else self._values[name]
            case {"Fn::If": [name, when, otherwise]}:
                return self.value(when if self.holds({"Condition": name}) else otherwise)
            case {"Fn::Sub": str(text)}:
                return self._substituted(text)
            case dict():
                values = {key: self.value(below) for key, below in node.items()}
                return {key: value for key, value in values.items() if value != NO_VALUE}
            case list():
                return [value for value in map(self.value, node) if value != NO_VALUE]
        return node

    def _substituted(self, text: str) -> Any:
        put_in = _REFERENCE.sub(lambda found: self._values.get(found[1], found[0]), text)
        return {"Fn::Sub": put_in} if "${" in put_in else put_in
