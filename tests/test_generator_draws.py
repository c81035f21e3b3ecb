"""What the generator draws with: hashes, shuffles, even spreads and the smallest of n."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.data.coordinates import degrees
from sandbox.data.draws import Draws
from sandbox.data.hexadecimal import uuids
from sandbox.data.limits import REFERENCE_ROWS
from sandbox.data.minimum import exponential_less_one, logarithm, smallest
from sandbox.data.permutation import Permutation
from sandbox.data.population import population
from sandbox.data.strata import spread


def test_draws_are_splitmix64() -> None:
    assert Draws(1).bits("a stream", np.arange(3)).dtype == np.uint64
    assert len(np.unique(Draws(1).bits("a stream", np.arange(10_000)))) == 10_000


def test_draws_below_a_bound_are_even() -> None:
    counts = np.bincount(Draws(1).below("dice", np.arange(60_000), 6))
    assert len(counts) == 6
    assert np.abs(counts - 10_000).max() < 4 * np.sqrt(60_000 * 5 / 36)


@given(size=st.integers(1, 3_000), seed=st.integers(0, 2**63 - 1))
@settings(max_examples=50)
def test_a_permutation_hits_every_place_once_and_finds_back(size: int, seed: int) -> None:
    shuffle, elements = Permutation(seed, "cards", size), np.arange(size)
    places = shuffle(elements)
    assert np.array_equal(np.sort(places), elements)
    assert np.array_equal(shuffle.inverse(places), elements)


def test_a_permutation_leaves_no_order() -> None:
    places = Permutation(1, "cards", 10_000)(np.arange(10_000))
    assert abs(np.corrcoef(np.arange(10_000), places)[0, 1]) < 4 / np.sqrt(10_000)
    assert abs(np.corrcoef(places[1:], places[:-1])[0, 1]) < 4 / np.sqrt(10_000)


@pytest.mark.parametrize("start", [0, 64, 3 * 64, 77 * 64])
def test_every_run_of_counters_is_spread_evenly(start: int) -> None:
    assert len(np.unique(spread(5, "age", np.arange(start, start + 64)) >> 26)) == 64


def test_two_spreads_do_not_go_together() -> None:
    pairs = [
        np.corrcoef(spread(seed, "age", np.arange(4_000)), spread(seed, "latitude", np.arange(4_000)))[0, 1]
        for seed in range(40)
    ]
    assert abs(np.mean(pairs)) < 4 / np.sqrt(4_000 * 40) * 1.5
    assert np.abs(pairs).max() < 5.5 / np.sqrt(4_000)


def test_logarithm_and_exponential_are_those_of_the_library() -> None:
    numbers = np.linspace(1e-10, 1, 5_000)[:-1]
    np.testing.assert_allclose(logarithm(numbers), np.log(numbers), rtol=1e-14)
    np.testing.assert_allclose(exponential_less_one(np.log(numbers)), np.expm1(np.log(numbers)), rtol=1e-13)


@pytest.mark.parametrize("of", [1, 2, 7, 244, 200_000])
def test_the_smallest_of_n_has_its_mean(of: int) -> None:
    even = ((np.arange(20_000) + 0.5) / 20_000 * 2**32).astype(np.uint32)
    drawn = smallest(even, np.full(20_000, of))
    assert drawn.min() >= 0 and drawn.max() < 1
    assert drawn.mean() == pytest.approx(1 / (of + 1), rel=0.01)


def test_degrees_print_with_six_digits() -> None:
    fractions = np.array([0.0, 0.1234567, 0.5, 0.50000123, 0.7345678, 0.99999])
    assert [repr(float(value)) for value in degrees(fractions, 360)] == [
        "-180.0",
        "-135.556",
        "0.0",
        "0.0004428",
        "84.4444",
        "179.996",
    ]


@given(rows=st.integers(100, 60_000))
@settings(max_examples=60)
def test_every_size_is_shared_out_to_the_last_post(rows: int) -> None:
    laid = population(rows)
    assert int((laid.posts * laid.persons).sum()) == rows
    persons, nth, posts = laid.persons_of(np.arange(rows))
    assert np.array_equal(np.bincount(persons), laid.posts_of_each())
    assert (nth < posts).all() and np.array_equal(laid.slots_of(persons) + nth, np.arange(rows))


def test_the_reference_size_has_the_reference_people() -> None:
    laid = population(REFERENCE_ROWS)
    assert (laid.size, laid.nameless_posts, int(laid.persons[-1])) == (5307, 88, 3869)


def test_uuids_are_of_version_four() -> None:
    assert {text[14] + text[19] for text in uuids(Draws(1), np.arange(500)).to_pylist()} == {f"4{v}" for v in "89ab"}
