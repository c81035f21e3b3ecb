"""Who posts: every person's name, age, date of joining, place and country, and the hidden artefact.

A person with n posts has in each column the smallest of n draws: busy persons are young, early, and at the head of
every alphabet. The draws are the same in law as n draws each; `minimum.py` takes one.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sandbox.data import names
from sandbox.data.calendar import LAST_DATE_BEFORE_POSTS, date_joined
from sandbox.data.coordinates import degrees
from sandbox.data.draws import GOLDEN, Draws, key
from sandbox.data.limits import REFERENCE_ROWS
from sandbox.data.minimum import Real, smallest
from sandbox.data.population import BUSIEST, NAMELESS_COUNTRY, Population
from sandbox.data.strata import Word, spread

Ints = npt.NDArray[np.int64]

YOUNGEST = 20
# Draws of an age per million, 20 to 60 years. They are close to even (24,390 each) and chosen so that the rows per age
# group come out as counted in the published copy at every size.
AGE_WEIGHTS = (*[23_770] * 5, *[23_920] * 11, *[25_301] * 15, *[23_851] * 10)
SHARED_NAME = 4
WEIGHTY = 25


@dataclass(frozen=True)
class People:
    """All persons, one array a column; first name, last name and country as places in the sorted lists.

    `date_joined` is in seconds since 1970; latitude and longitude in degrees.
    """

    first_name: npt.NDArray[np.int16]
    last_name: npt.NDArray[np.int16]
    age: npt.NDArray[np.int8]
    date_joined: Ints
    latitude: Real
    longitude: Real
    country: npt.NDArray[np.int16]


def people(population: Population, seed: int) -> People:
    """Draw every person; full names stay rare enough and no two persons are alike in name, age and date."""
    posts, draws = population.posts_of_each(), Draws(seed)
    number = np.arange(population.size)
    first = named(names.first_names()[1], drawn(draws, "first name", posts))
    last = named(names.last_names()[1], drawn(draws, "last name", posts))
    share_names(first, last, population.rows)
    age = ages(smallest(tempered(spread(seed, "age", number), posts, population.rows), posts))
    joined = date_joined(smallest(tempered(spread(seed, "date joined", number), posts, population.rows), posts))
    set_apart(first, last, age, joined)
    return People(
        first.astype(np.int16),
        last.astype(np.int16),
        age.astype(np.int8),
        joined,
        degrees(smallest(spread(seed, "latitude", number), posts), 180),
        degrees(smallest(spread(seed, "longitude", number), posts), 360),
        home(population, posts, seed),
    )


def drawn(draws: Draws, name: str, posts: Ints) -> Real:
    """Take the smallest of a person's plain draws."""
    return smallest((draws.bits(name, np.arange(posts.size)) >> np.uint64(32)).astype(np.uint32), posts)


def tempered(draws: Word, posts: Ints, rows: int) -> Word:
    """Keep persons with a 25th of all rows off the outer quarters of their draw: one of them would tip every share.

    There is such a person below some 500 rows only.
    """
    return np.where(posts * WEIGHTY >= rows, draws // 2 + np.uint32(2**30), draws)


def named(ends: Ints, fraction: Real) -> Ints:
    """Find the place in a weighted list."""
    return np.searchsorted(ends[:-1], np.floor(fraction * names.UNIT).astype(np.int64), side="right")


def ages(fraction: Real) -> Ints:
    """Find the age at a fraction of the weights."""
    return YOUNGEST + np.searchsorted(np.cumsum(AGE_WEIGHTS)[:-1], np.floor(fraction * sum(AGE_WEIGHTS)), side="right")


def home(population: Population, posts: Ints, seed: int) -> npt.NDArray[np.int16]:
    """Give each person a country; those of the busiest are known (`population.py`).

    Persons with one post draw plainly, so that some countries stay rare. The others step round the alphabet by the
    golden section: a handful of busy persons decides a country's rows, and must not come in a bunch.
    """
    steps = np.arange(posts.size, dtype=np.uint64) * GOLDEN + np.uint64(key(seed, "country"))
    fraction = smallest((steps >> np.uint64(32)).astype(np.uint32), posts)
    singles = np.arange(population.singles, population.size)
    plain = Draws(seed).bits("country", singles) >> np.uint64(32)
    fraction[singles] = plain.astype(np.float64) / 2.0**32
    country = np.floor(fraction * len(names.countries())).astype(np.int16)
    known = [NAMELESS_COUNTRY, *(place for _, place in BUSIEST[: population.named])]
    country[: len(known)] = [names.countries().index(place) for place in known]
    return country


def share_names(first: Ints, last: Ints, rows: int) -> None:
    """Let at most four persons (at the reference size) share a full name: others take the next last name."""
    most = max(SHARED_NAME, -(-SHARED_NAME * rows // REFERENCE_ROWS))
    crowded = beyond(first * 1024 + last, most)
    while crowded.size:
        last[crowded] = (last[crowded] + 1) % len(names.last_names()[0])
        crowded = beyond(first * 1024 + last, most)


def set_apart(first: Ints, last: Ints, age: Ints, joined: Ints) -> None:
    """Move dates of joining by seconds until no two persons are alike; never across the first post."""
    alike = beyond(identity(first, last, age, joined), 1)
    while alike.size:
        joined[alike] += np.where(joined[alike] < LAST_DATE_BEFORE_POSTS, 1, -1)
        alike = beyond(identity(first, last, age, joined), 1)


def identity(first: Ints, last: Ints, age: Ints, joined: Ints) -> Ints:
    """Pack what tells persons apart into one number."""
    return ((joined << 6 | age) << 10 | first) << 10 | last


def beyond(keys: Ints, most: int) -> Ints:
    """Find all persons of a key but its `most` first ones."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    return np.sort(order[most:][ordered[most:] == ordered[:-most]])
