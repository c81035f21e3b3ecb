"""What the parts cost while they stand: the resources of the templates, times a dated table of prices.

The table, `aws/prices.yaml`, has for each resource type what AWS charges for it. How many of it, and of which size,
is read from the rendered template by JMESPath, so that another parameter is another price.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import jmespath

from deployment.errors import PriceUnknownError
from deployment.evaluation import Evaluation
from deployment.parts import ROOT
from deployment.templates import read

FILE = ROOT / "aws" / "prices.yaml"


@dataclass(frozen=True)
class Cost:
    """What one kind of charge comes to in a part.

    Attributes:
        part: the name of the part.
        what: what is charged.
        number: how many of it: instances, gigabytes, millions of requests in a course day.
        hour: US dollars an hour.
    """

    part: str
    what: str
    number: float
    hour: float


@dataclass(frozen=True)
class Prices:
    """The table of prices.

    Attributes:
        date: the day it was written.
        region: the region whose prices they are.
        day: hours of a course day, on which what is charged by use is spread.
        hours: how many hours each unit of time has.
    """

    date: str
    region: str
    day: float
    month: float
    resources: Mapping[str, list[dict[str, Any]]]
    free: Iterable[str]

    @property
    def hours(self) -> dict[str, float]:
        """How many hours a price is for, by its unit."""
        return {"hour": 1, "day": self.day, "month": self.month}

    def charges(self, kind: str) -> list[dict[str, Any]]:
        """What is charged for a resource of a type.

        Raises:
            PriceUnknownError: the table does not know the type.
        """
        if kind not in self.resources and kind not in self.free:
            raise PriceUnknownError(f"{FILE.relative_to(ROOT)} knows no {kind}.", "Add its price, or that it is free.")
        return self.resources.get(kind, [])


def read_prices() -> Prices:
    """The table of the repository."""
    return Prices(**read(FILE))


def costs(part: str, template: Mapping[str, Any], parameters: Mapping[str, str], prices: Prices) -> list[Cost]:
    """The charges of a part, one for each kind.

    Raises:
        PriceUnknownError: the table lacks a type, or a size of one.
    """
    numbers: dict[tuple[str, float], float] = {}
    for what, price, number in _charges(template, parameters, prices):
        numbers[what, price] = numbers.get((what, price), 0) + number
    return [Cost(part, what, number, price * number) for (what, price), number in numbers.items()]


def _charges(
    template: Mapping[str, Any], parameters: Mapping[str, str], prices: Prices
) -> Iterator[tuple[str, float, float]]:
    """What is charged, US dollars an hour for one of it, and how many there are, for each resource."""
    for resource in Evaluation(template, parameters).resources().values():
        properties = resource.get("Properties", {})
        for charge in prices.charges(resource["Type"]):
            if "where" not in charge or jmespath.search(charge["where"], properties):
                price = _price(charge, properties) / prices.hours[charge["per"]]
                yield charge["what"], price, prod(_factor(factor, properties) for factor in charge.get("times", []))


def _price(charge: Mapping[str, Any], properties: Mapping[str, Any]) -> float:
    usd = charge["usd"]
    if not isinstance(usd, dict):
        return float(usd)
    size = jmespath.search(charge["of"], properties)
    if size not in usd:
        raise PriceUnknownError(f"The price of {charge['what']} {size} is not known.", f"Add it to {FILE.name}.")
    return float(usd[size])


def _factor(factor: Any, properties: Mapping[str, Any]) -> float:
    return float(jmespath.search(factor, properties) if isinstance(factor, str) else factor)
