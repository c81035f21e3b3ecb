"""What a template comes to for given parameters."""

from typing import Any

import pytest

from deployment.evaluation import Evaluation

TEMPLATE: dict[str, Any] = {
    "Parameters": {
        "Size": {"Type": "String", "Default": "small"},
        "Nat": {"Type": "String", "Default": "false"},
        "Zones": {"Type": "CommaDelimitedList", "Default": "a,b"},
    },
    "Conditions": {
        "WithNat": {"Fn::Equals": [{"Ref": "Nat"}, "true"]},
        "Without": {"Fn::Not": [{"Condition": "WithNat"}]},
        "Both": {"Fn::And": [{"Condition": "WithNat"}, {"Fn::Equals": [{"Ref": "Size"}, "small"]}]},
        "Either": {"Fn::Or": [{"Condition": "WithNat"}, {"Fn::Equals": [{"Ref": "Size"}, "small"]}]},
    },
    "Resources": {
        "Always": {"Type": "A"},
        "Gateway": {"Type": "B", "Condition": "WithNat"},
    },
}


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Ref": "Size"}, "small"),
        ({"Ref": "Zones"}, ["a", "b"]),
        ({"Ref": "Always"}, {"Ref": "Always"}),
        ({"Fn::Sub": "${Size}-${AWS::Region}"}, {"Fn::Sub": "small-${AWS::Region}"}),
        ({"Fn::Sub": "${Size}-x"}, "small-x"),
        ({"Fn::If": ["WithNat", 1, {"Ref": "Size"}]}, "small"),
        ({"a": 1, "b": {"Fn::If": ["WithNat", 1, {"Ref": "AWS::NoValue"}]}}, {"a": 1}),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
    ],
)
def test_parameters_and_conditions_are_put_in(node: Any, value: Any) -> None:
    assert Evaluation(TEMPLATE, {}).value(node) == value


@pytest.mark.parametrize(("nat", "held"), [("true", {"WithNat", "Both", "Either"}), ("false", {"Without", "Either"})])
def test_conditions_hold_or_not(nat: str, held: set[str]) -> None:
    evaluation = Evaluation(TEMPLATE, {"Nat": nat})
    assert {name for name in TEMPLATE["Conditions"] if evaluation.holds({"Condition": name})} == held


@pytest.mark.parametrize(("nat", "made"), [("true", {"Always", "Gateway"}), ("false", {"Always"})])
def test_only_what_is_made_is_a_resource(nat: str, made: set[str]) -> None:
    assert set(Evaluation(TEMPLATE, {"Nat": nat}).resources()) == made
