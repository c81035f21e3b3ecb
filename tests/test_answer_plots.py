"""The plots of the answers: what stands where, and that nothing is drawn without title and unit."""

from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import pytest

from lib.answer_plots import bars, grouped_bars, lines

COUNTRIES = [
    {"country": "Albania", "category": "art", "count": 2},
    {"country": "Belgium", "category": "travel", "count": 5},
    {"country": "Cuba", "category": "art", "count": 3},
]
MEDIANS = [
    {"age_group": "18-24", "join_year": 2015, "median": 100.0},
    {"age_group": "18-24", "join_year": 2016, "median": 50.0},
    {"age_group": "50+", "join_year": 2016, "median": 10.0},
]


@pytest.fixture(autouse=True)
def figures() -> Iterator[None]:
    """Draw into memory, and forget the figures."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def texts(labels: Any) -> list[str]:
    return [label.get_text() for label in labels]


def test_bars_are_named_and_stand_in_the_order_of_the_rows() -> None:
    axes = bars(COUNTRIES, ["country", "category"], "count", title="1.", unit="posts")
    assert texts(axes.get_yticklabels()) == ["Albania, art", "Belgium, travel", "Cuba, art"]
    assert [bar.get_width() for bar in axes.patches] == [2, 5, 3]
    assert (axes.get_title(loc="left"), axes.get_xlabel()) == ("1.", "posts")


def test_the_largest_bars_come_first_where_only_some_are_shown() -> None:
    axes = bars(COUNTRIES, ["country"], "count", title="1.", unit="posts", top=2)
    assert texts(axes.get_yticklabels()) == ["Belgium", "Cuba"]


def test_a_long_name_is_cut_so_that_the_bars_keep_their_room() -> None:
    row = {"country": "Antarctica (the territory South of 60 deg S)", "count": 1}
    assert texts(bars([row], ["country"], "count", title="1.", unit="posts").get_yticklabels()) == [
        "Antarctica (the territory..."
    ]


def test_a_group_has_a_bar_for_each_row_it_has() -> None:
    axes = grouped_bars(MEDIANS, "age_group", "join_year", "median", title="8.", unit="followers")
    assert texts(axes.get_xticklabels()) == ["18-24", "50+"]
    assert [bar.get_height() for bar in axes.patches] == [100.0, 50.0, 10.0]
    assert texts(axes.get_legend().get_texts()) == ["2015", "2016"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("age group", "followers")


def test_bars_of_a_group_stand_side_by_side_around_its_mark() -> None:
    axes = grouped_bars(MEDIANS, "age_group", "join_year", "median", title="8.", unit="followers")
    left, right, _ = (bar.get_x() + bar.get_width() / 2 for bar in axes.patches)
    assert (left, right) == pytest.approx((-0.2, 0.2))


def test_a_line_goes_from_left_to_right_whatever_the_order_of_its_rows() -> None:
    years = [
        {"year": 2020, "kind": "a", "n": 2},
        {"year": 2019, "kind": "a", "n": 1},
        {"year": 2019, "kind": "b", "n": 4},
    ]
    axes = lines(years, "year", "kind", "n", title="2a.", unit="posts")
    assert [list(line.get_xdata()) for line in axes.lines] == [[2019, 2020], [2019]]
    assert list(axes.lines[0].get_ydata()) == [1, 2]
    assert list(axes.get_xticks()) == [2019, 2020]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("year", "posts")
    assert texts(axes.get_legend().get_texts()) == ["a", "b"]
