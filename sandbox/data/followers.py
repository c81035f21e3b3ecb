"""Followers belong to the poster: the texts `985k`, `15M` and plain digits, and the placeholder.

Busy posters have more followers. As busy persons are young only by the artefact of `people.py`, "the young have more
followers" follows, and means nothing: that is the lesson.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sandbox.data.draws import Draws
from sandbox.data.permutation import Permutation
from sandbox.data.placeholders import NO_USER_INFO
from sandbox.data.population import Population
from sandbox.data.quotas import share_of
from sandbox.data.strata import spread

Ints = npt.NDArray[np.int64]

# Every text a poster can show, numbered: plain 0..940, thousands 1k..985k, millions 1M..15M, the placeholder; then the
# `decimals` dial's 0.0k..99.9k and 0.0M..15.9M, of which 1.0 up are used.
MOST_PLAIN, MOST_THOUSANDS, MOST_MILLIONS = 940, 985, 15
PLAIN, THOUSANDS = 0, MOST_PLAIN
MILLIONS = THOUSANDS + MOST_THOUSANDS
NAMELESS = MILLIONS + MOST_MILLIONS + 1
DECIMAL_THOUSANDS = NAMELESS + 1
DECIMAL_MILLIONS = DECIMAL_THOUSANDS + 1000

# Shares of the rows; the rest is in thousands, or has no user info.
PLAIN_SHARE, MILLIONS_SHARE = 0.17, 0.07
# Of the posters with at most so many posts, how many in 2**32 show plain digits, and how many millions.
HABITS = ((4, 0.14, 0.05), (10, 0.06, 0.10), (36, 0.0, 0.12))
# Of posters, 8 in 1,942 were scraped at two times and show two neighbouring counts, such as 91k and 92k.
TWICE, OF_POSTERS = 8, 1942
DECIMAL_IN = 3


@dataclass(frozen=True)
class Followers:
    """What each person shows: the text's number, and whether half of the posts show the next one."""

    text: npt.NDArray[np.int16]
    grows: npt.NDArray[np.bool_]


@cache
def follower_texts() -> pa.Array:
    """Every text, in the order of its number."""
    texts = [str(count) for count in range(MOST_PLAIN + 1)]
    texts += [f"{count}k" for count in range(1, MOST_THOUSANDS + 1)]
    texts += [f"{count}M" for count in range(1, MOST_MILLIONS + 1)]
    texts += [NO_USER_INFO]
    texts += [f"{tenths // 10}.{tenths % 10}k" for tenths in range(1000)]
    texts += [f"{tenths // 10}.{tenths % 10}M" for tenths in range(10 * MOST_MILLIONS + 10)]
    return pa.array(texts)


def followers(population: Population, seed: int, decimals: bool) -> Followers:
    """Give every person a text; plain digits and millions meet their share of the rows to the row.

    Args:
        decimals: show one decimal for one in three posters below 100k or in millions, such as `3.4k` or `1.2M`.
    """
    draws, posts = Draws(seed), population.posts_of_each()
    form = forms(population, posts, seed)
    text = np.select(
        [form == 1, form == 2],
        [PLAIN + plain_count(draws, posts), MILLIONS + millions_count(draws, posts)],
        THOUSANDS + thousands_count(draws, posts),
    )
    text[0] = NAMELESS
    grows = growing(population, text, draws)
    if decimals:
        text = np.where(grows, text, with_tenths(text, draws))
    return Followers(text.astype(np.int16), grows)


def forms(population: Population, posts: Ints, seed: int) -> npt.NDArray[np.int8]:
    """Choose thousands (0), plain digits (1) or millions (2); posters with one post make the shares come out."""
    form = np.zeros(posts.size, np.int8)
    draw = spread(seed, "follower form", np.arange(population.singles)) / 2.0**32
    for most, plain, millions in reversed(HABITS):
        kind = (posts[: draw.size] <= min(most, population.rows // 50)) & (np.arange(draw.size) > 0)
        form[: draw.size][kind] = np.select([draw[kind] < plain, draw[kind] < plain + millions], [1, 2], 0)
    form[population.singles :] = balance(population, form[: draw.size], posts, seed)
    return form


def balance(population: Population, form: npt.NDArray[np.int8], posts: Ints, seed: int) -> npt.NDArray[np.int8]:
    """Deal out plain digits and millions to the posters with one post until the shares of the rows are met."""
    shown = np.bincount(form, posts[: form.size], 3).astype(np.int64)
    plain = max(0, share_of(population.rows, PLAIN_SHARE) - int(shown[1]))
    millions = max(0, share_of(population.rows, MILLIONS_SHARE) - int(shown[2]))
    singles = population.size - population.singles
    place = Permutation(seed, "single follower form", singles)(np.arange(singles))
    return np.select([place < plain, place < plain + millions], [1, 2], 0).astype(np.int8)


def plain_count(draws: Draws, posts: Ints) -> Ints:
    """Draw 0 to 940, evenly."""
    return draws.below("plain followers", np.arange(posts.size), MOST_PLAIN + 1)


def thousands_count(draws: Draws, posts: Ints) -> Ints:
    """Draw 1 to 985: each doubling is as likely as another, and busy posters take the best of three draws."""
    person = np.arange(posts.size)
    best = doubling(draws, "thousands 0", person)
    for turn in (1, 2):
        again = doubling(draws, f"thousands {turn}", person)
        best = np.where(posts > turn * 2 - 1, np.maximum(best, again), best)
    return best


def doubling(draws: Draws, name: str, person: Ints) -> Ints:
    """Draw 1 to 985 with the logarithm even."""
    low = np.int64(1) << draws.below(f"{name} doubling", person, 10)
    width = np.where(low == 512, MOST_THOUSANDS - 511, low)
    return low + draws.below(name, person, width)


def millions_count(draws: Draws, posts: Ints) -> Ints:
    """Draw 1 to 15, the smaller of two draws."""
    person = np.arange(posts.size)
    return 1 + np.minimum(*(draws.below(f"millions {turn}", person, MOST_MILLIONS) for turn in (0, 1)))


def growing(population: Population, text: Ints, draws: Draws) -> npt.NDArray[np.bool_]:
    """Choose the posters that show two counts: of those in thousands with two posts or more."""
    able = (text > THOUSANDS) & (text < MILLIONS) & (np.arange(text.size) < population.singles)
    able &= population.posts_of_each() > 1
    candidates = np.flatnonzero(able)
    order = np.argsort(draws.bits("two counts", candidates), kind="stable")
    count = (text.size * TWICE * 2 + OF_POSTERS) // (2 * OF_POSTERS)
    grows = np.zeros(text.size, np.bool_)
    grows[candidates[order[:count]]] = True
    return grows


def with_tenths(text: Ints, draws: Draws) -> Ints:
    """Show a decimal: `3k` becomes `3.4k`, `1M` becomes `1.2M`; from 100k up the texts stay."""
    person = np.arange(text.size)
    chosen = draws.below("decimal chosen", person, DECIMAL_IN) == 0
    tenth = draws.below("decimal", person, 9) + 1
    thousands = chosen & (text > THOUSANDS) & (text < THOUSANDS + 100)
    millions = chosen & (text > MILLIONS) & (text < NAMELESS)
    text = np.where(millions, DECIMAL_MILLIONS + (text - MILLIONS) * 10 + tenth, text)
    return np.where(thousands, DECIMAL_THOUSANDS + (text - THOUSANDS) * 10 + tenth, text)
