"""What the parts cost: each resource of the templates has its price, or is known to be free."""

import re

import pytest
from rendered_templates import every_resource, parameters, template

from deployment.costs import FILE, Prices, costs, read_prices
from deployment.errors import PriceUnknownError
from deployment.parts import PARTS
from deployment.templates import read

DATABASE = {
    "Parameters": {"Size": {"Type": "String", "Default": "small"}, "GiB": {"Type": "Number", "Default": 20}},
    "Conditions": {"Two": {"Fn::Equals": [{"Ref": "Size"}, "large"]}},
    "Resources": {
        "One": {"Type": "Database", "Properties": {"Class": {"Ref": "Size"}, "Storage": {"Ref": "GiB"}}},
        "Other": {"Type": "Database", "Condition": "Two", "Properties": {"Class": "small", "Storage": 5, "Idle": True}},
        "Role": {"Type": "Role"},
    },
}
TABLE = Prices(
    date="2026-11-28",
    region="us-east-1",
    day=8,
    month=730,
    free=["Role"],
    resources={
        "Database": [
            {"what": "instance", "of": "Class", "usd": {"small": 0.5, "large": 2}, "per": "hour"},
            {"what": "storage", "usd": 0.73, "per": "month", "times": ["Storage"]},
            {"what": "requests", "usd": 4, "per": "day", "times": [2], "where": "!Idle"},
        ]
    },
)


def hours(**parameters: str) -> dict[str, float]:
    found = costs("rds", DATABASE, parameters, TABLE)
    return {f"{cost.number:g} {cost.what}": cost.hour for cost in found}


def test_size_and_number_are_those_of_the_template() -> None:
    assert hours() == {"1 instance": 0.5, "20 storage": pytest.approx(0.02), "2 requests": 1}


def test_another_parameter_is_another_price() -> None:
    assert hours(GiB="40")["40 storage"] == pytest.approx(0.04)


def test_what_a_condition_leaves_out_costs_nothing_and_the_same_is_counted_together() -> None:
    assert hours(Size="large")["25 storage"] == pytest.approx(0.025)
    assert "25 storage" not in hours()


def test_an_unknown_size_is_named() -> None:
    with pytest.raises(PriceUnknownError, match="instance huge"):
        hours(Size="huge")


def test_an_unknown_type_is_named() -> None:
    with pytest.raises(PriceUnknownError, match="Queue"):
        costs("rds", {"Resources": {"Q": {"Type": "Queue"}}}, {}, TABLE)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_part_has_a_price(part) -> None:
    assert all(cost.hour >= 0 for cost in costs(part.name, template(part), parameters(), read_prices()))


def test_every_type_is_priced_or_free_and_no_other_is_in_the_table() -> None:
    prices = read_prices()
    used = {resource["Type"] for _, _, resource in every_resource()}
    assert used == set(prices.resources) | set(prices.free)
    assert not set(prices.resources) & set(prices.free)


def test_the_table_is_dated_and_each_price_names_its_page() -> None:
    table = read(FILE)
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", table["date"])
    sources = [charge["source"] for charges in table["resources"].values() for charge in charges]
    assert sources
    assert all(source.startswith("https://aws.amazon.com/") for source in sources)
