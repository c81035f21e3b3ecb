"""The rendered templates are the golden files. A change that is meant:  UPDATE_GOLDEN=1 python -m pytest -k golden"""

import json
import os
from pathlib import Path

import pytest
from rendered_templates import template

from deployment.parts import PARTS, Part

FOLDER = Path(__file__).parent / "golden"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_template_is_rendered_as_the_golden_file(part: Part) -> None:
    golden = FOLDER / f"{part.name}.json"
    rendered = json.dumps(template(part), indent=1) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        FOLDER.mkdir(exist_ok=True)
        golden.write_text(rendered)
    assert golden.read_text() == rendered


def test_every_golden_file_is_a_parts() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == {part.name for part in PARTS}
