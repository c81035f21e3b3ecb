"""The parts build on each other in their order, by what the templates export and import."""

import re

import pytest
from rendered_templates import parameters, template, templates

from deployment.environment import LOOKUPS
from deployment.parts import FOLDER, PARTS, ROOT, Part, chosen
from deployment.wiring import Wiring

ORDER = [part.name for part in PARTS]


@pytest.fixture(scope="module")
def wiring() -> Wiring:
    return Wiring(templates(), parameters())


def test_every_template_is_a_part_and_every_part_has_one() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} - {"parameters"} == set(ORDER)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_builds_on_earlier_parts_only(part: Part, wiring: Wiring) -> None:
    suppliers = {name: wiring.supplier(name) for name in wiring.imports[part]}
    assert not [name for name, supplier in suppliers.items() if supplier is None]
    assert not [s.name for s in suppliers.values() if s and ORDER.index(s.name) >= ORDER.index(part.name)]


def test_no_name_is_exported_twice(wiring: Wiring) -> None:
    names = [name for exported in wiring.exports.values() for name in exported]
    assert len(names) == len(set(names))


def test_the_last_user_of_a_part_is_named_first(wiring: Wiring) -> None:
    users = [ORDER.index(user.name) for user in wiring.users(chosen("account")[0])]
    assert users == sorted(users, reverse=True) != []


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_the_settings_that_a_part_gives_are_the_courses_and_outputs_of_its_own(part: Part) -> None:
    known = set(re.findall(r"^([A-Z_]+)=", (ROOT / "credentials" / "template.env").read_text(), re.MULTILINE))
    given = template(part).get("Metadata", {}).get("Environment", {})
    assert set(given) <= known
    assert set(given.values()) <= set(template(part)["Outputs"])


def test_what_is_asked_of_a_service_is_some_parts_setting() -> None:
    given = {name for part in PARTS for name in template(part).get("Metadata", {}).get("Environment", {})}
    assert set(LOOKUPS) <= given
