"""Every share that was counted in the published copy holds at every size, within four standard errors."""

from collections import Counter
from math import sqrt

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sandbox.data import Chunk, generate

STORY = "multi-video(story page format)"
NO_USER = "User Info Error"
NO_TAGS = "N,o, ,T,a,g,s, ,A,v,a,i,l,a,b,l,e"
SHARES = {
    "image": 0.906,
    "story": 0.066,
    "video": 0.028,
    "followers in thousands": 0.751,
    "followers in digits": 0.170,
    "followers in millions": 0.070,
    "title placeholder": 0.0087,
    "story description placeholder": 0.0660,
    "description placeholder": 0.0152,
    "untitled description": 0.0007,
    "poster placeholder": 0.0087,
    "followers placeholder": 0.0087,  # printed as 0.9 % too; it stands in the rows of the poster placeholder
    "image placeholder": 0.0210,
    "tags placeholder": 0.0123,
    "nine tags": 1 - 0.0123,  # printed as 98.7 %; every other row has the placeholder
    "title beyond ASCII": 0.10,
    "description cut off": 0.37,
    "description shorter than 148 at most": 0.5,
    "age 18-24": 4916 / 11154,
    "age 25-35": 3005 / 11154,
    "age 36-50": 2225 / 11154,
    "age over 50": 1008 / 11154,
    "joined 2015": 4507 / 11154,
    "joined 2016": 4791 / 11154,
    "joined 2017": 1856 / 11154,
    "Albania": 563 / 11154,
    "Algeria": 487 / 11154,
    "Afghanistan": 427 / 11154,
    "Aruba": 346 / 11154,
    "American Samoa": 317 / 11154,
}
COUNTED_AT_REFERENCE = ("Albania", "Algeria", "Afghanistan", "Aruba", "American Samoa")


def matches(column: pa.ChunkedArray, pattern: str) -> int:
    return pc.sum(pc.match_substring_regex(column, pattern)).as_py()


def equals(column: pa.ChunkedArray, value: str | int) -> int:
    return pc.sum(pc.equal(column, value)).as_py()


def pin_counts(pin: pa.Table) -> dict[str, int]:
    length = pc.utf8_length(pin["description"])
    return {
        "image": equals(pin["is_image_or_video"], "image"),
        "story": equals(pin["is_image_or_video"], STORY),
        "video": equals(pin["is_image_or_video"], "video"),
        "followers in thousands": matches(pin["follower_count"], "^[1-9][0-9]{0,2}k$"),
        "followers in digits": matches(pin["follower_count"], "^[0-9]+$"),
        "followers in millions": matches(pin["follower_count"], "^1?[0-9]M$"),
        "title placeholder": equals(pin["title"], "No Title Data Available"),
        "story description placeholder": equals(pin["description"], "No description available Story format"),
        "description placeholder": equals(pin["description"], "No description available"),
        "untitled description": equals(pin["description"], "Untitled"),
        "poster placeholder": equals(pin["poster_name"], NO_USER),
        "followers placeholder": equals(pin["follower_count"], NO_USER),
        "image placeholder": equals(pin["image_src"], "Image src error."),
        "tags placeholder": equals(pin["tag_list"], NO_TAGS),
        "nine tags": matches(pin["tag_list"], "^([^,]{2,},){8}[^,]{2,}$"),
        "title beyond ASCII": len(pin) - pc.sum(pc.string_is_ascii(pin["title"])).as_py(),
        "description cut off": matches(pin["description"], "…$"),
        "shorter": pc.sum(pc.less(length, 148)).as_py(),
        "not longer": pc.sum(pc.less_equal(length, 148)).as_py(),
    }


def geo_counts(geo: pa.Table) -> dict[str, int]:
    return {country: equals(geo["country"], country) for country in COUNTED_AT_REFERENCE}


def user_counts(user: pa.Table) -> dict[str, int]:
    age, year = user["age"].to_numpy(), pc.year(user["date_joined"]).to_numpy()
    groups = np.bincount(np.digitize(age, [25, 36, 51]), minlength=4).tolist()
    years = np.bincount(year - 2015, minlength=3).tolist()
    names = ("age 18-24", "age 25-35", "age 36-50", "age over 50", "joined 2015", "joined 2016", "joined 2017")
    return dict(zip(names, groups + years, strict=True))


def counted(chunks: list[Chunk]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for chunk in chunks:
        counts.update(pin_counts(chunk.pin) | geo_counts(chunk.geo) | user_counts(chunk.user))
    return counts


def standard_errors(count: int, rows: int, share: float) -> float:
    """How far a count lies from its share; half a row is rounding."""
    return max(0.0, abs(count - rows * share) - 0.5) / sqrt(rows * share * (1 - share))


def check_shares(rows: int, seed: int) -> None:
    counts = counted(list(generate(rows, seed)))
    # The middle description has 148 characters: no more than half are shorter, no less than half are not longer.
    middle = min(max(rows // 2, counts.pop("shorter")), counts.pop("not longer"))
    counts["description shorter than 148 at most"] = middle
    far = {name: standard_errors(counts[name], rows, share) for name, share in SHARES.items()}
    if rows < 11_154:  # with fewer rows one busy person more or less decides a country's rows
        far = {name: errors for name, errors in far.items() if name not in COUNTED_AT_REFERENCE}
    assert {name: errors for name, errors in far.items() if errors > 4} == {}


@pytest.mark.parametrize("seed", [1, 2, 2026])
@pytest.mark.parametrize("rows", [100, 333, 1_000, 11_154, 50_000])
def test_shares_hold_at_every_size(rows: int, seed: int) -> None:
    check_shares(rows, seed)


@pytest.mark.full
@pytest.mark.parametrize("seed", [3, 4, 5, 6, 7])
@pytest.mark.parametrize("rows", [100, 101, 250, 2_500, 11_153, 11_154, 11_155, 200_000])
def test_shares_hold_for_five_more_seeds(rows: int, seed: int) -> None:
    check_shares(rows, seed)


@pytest.mark.full
def test_age_and_year_shares_hold_for_two_million_rows() -> None:
    counts: Counter[str] = Counter()
    rows = 2_000_000
    for chunk in generate(rows, 1):
        counts.update(pin_counts(chunk.pin) | user_counts(chunk.user))
    far = {name: standard_errors(counts[name], rows, share) for name, share in SHARES.items() if name in counts}
    assert {name: errors for name, errors in far.items() if errors > 4} == {}


def test_categories_fill_neighbouring_blocks_in_proportion() -> None:
    for rows in (100, 11_154, 40_000):
        pin = pa.concat_tables([chunk.pin for chunk in generate(rows, 1)])
        names, starts = np.unique(np.array(pin["category"].to_pylist()), return_index=True)
        assert starts.tolist() == sorted(starts)
        wanted = (0, 894, 1638, 2637, 3467, 4329, 5077, 5865, 6726, 7580, 8485, 9459, 10315)
        assert np.abs(starts - np.array(wanted) * rows / 11_154).max() <= 0.5
        assert names[[0, 3, 12]].tolist() == ["art", "diy-and-crafts", "vehicles"]
