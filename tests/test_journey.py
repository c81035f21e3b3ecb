"""The pictures of the journey: drawn by the script, true to the parts, and legible."""

import importlib.util
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[1]
SVG = "{http://www.w3.org/2000/svg}"
PARTS = range(7)
LEAST_CONTRAST = 4.5  # WCAG 2, level AA
# Helvetica's widest letters but a few: what a text of this size takes at most, as a share of it a letter.
LETTER = 0.62


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("journey", ROOT / "scripts" / "journey.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


journey = load_script()


def drawn(part: int) -> ElementTree.Element:
    return ElementTree.fromstring(journey.picture(part))


def words(part: int, fill: str) -> set[str]:
    """The texts of a colour."""
    return {str(text.text) for text in drawn(part).iter(f"{SVG}text") if text.get("fill") == fill}


@pytest.mark.parametrize("part", PARTS)
def test_the_picture_is_the_one_that_the_script_draws(part: int) -> None:
    stored = (journey.IMAGES / f"journey-{part}.svg").read_text(encoding="utf-8")
    assert stored == journey.picture(part), "run scripts/journey.py"


def test_there_is_no_other_picture_of_the_journey() -> None:
    assert {path.name for path in journey.IMAGES.glob("journey-*")} == {f"journey-{part}.svg" for part in PARTS}


@pytest.mark.parametrize("part", PARTS)
def test_the_stops_of_the_part_and_no_others_are_marked(part: int) -> None:
    names = {stop.name for stop in journey.STOPS}
    wanted = {stop.name for stop in journey.STOPS if part in stop.parts}
    assert words(part, journey.ON_MARKED) & names == wanted


@pytest.mark.parametrize("part", range(1, 7))
def test_every_part_has_a_stop(part: int) -> None:
    assert any(part in stop.parts for stop in journey.STOPS)


@pytest.mark.parametrize("part", PARTS)
def test_who_does_not_see_the_picture_is_told_it(part: int) -> None:
    root = drawn(part)
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None and title.text == journey.TITLES[part]
    assert description is not None and "Kafka to S3 sink to S3" in str(description.text)


def test_the_picture_stands_on_a_ground_of_its_own() -> None:
    ground = drawn(0).find(f"{SVG}rect")
    assert ground is not None
    assert (ground.get("width"), ground.get("height")) == tuple(map(str, journey.SIZE))
    assert ground.get("fill") == journey.GROUND


@pytest.mark.parametrize(
    "pair",
    [
        (journey.INK, journey.GROUND),
        (journey.INK, journey.PALE),
        (journey.MARKED, journey.GROUND),
        (journey.ON_MARKED, journey.MARKED),
    ],
    ids=" on ".join,
)
def test_the_text_stands_out_from_what_is_behind_it(pair: tuple[str, str]) -> None:
    dark, light = sorted(map(luminance, pair))
    assert (light + 0.05) / (dark + 0.05) >= LEAST_CONTRAST


def luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG 2 has it."""
    shares = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("stop", journey.STOPS, ids=lambda stop: stop.name)
def test_a_stop_and_its_words_lie_within_the_picture(stop: object) -> None:
    box = journey.STOPS[journey.STOPS.index(stop)]
    width, height = journey.SIZE
    assert box.x > 0 and box.x + journey.WIDTH < width
    assert box.y > 0 and box.y + journey.HEIGHT < height
    assert len(box.name) * 15 * LETTER <= journey.WIDTH
    assert len(box.what) * 12 * LETTER <= journey.WIDTH + 2 * journey.FRAME


def test_no_two_stops_lie_on_one_another() -> None:
    assert len({(stop.column, stop.row) for stop in journey.STOPS}) == len(journey.STOPS)
