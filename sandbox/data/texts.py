"""Titles, descriptions, tags and poster names of whole columns of posts."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sandbox.data import stock
from sandbox.data.draws import GOLDEN, Draws, key
from sandbox.data.names import words
from sandbox.data.permutation import Permutation
from sandbox.data.placeholders import ART, NO_DESCRIPTION, NO_STORY_DESCRIPTION, NO_TAGS, NO_TITLE, UNTITLED
from sandbox.data.posts import REAL, PostPlan, Posts
from sandbox.data.vocabulary import POSTERS

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SILVER = np.uint64(0x6A09E667F3BCC909)  # the square root of 2, less 1, as a part of 2**64
FOREIGN_SHARE, LONG_TITLE_SHARE, PLAIN_TITLE_SHARE = 0.10, 0.004, 0.5
ELLIPSIS_SHARE = 0.37
# Lengths of real descriptions. Ones that were cut off lie close together; the middle of all rows is 148, where a few
# rows more than a smooth curve has keep it.
LIMIT, MEDIAN = 180, 148
CUT_FROM, CUT_TO = 140, 168
WHOLE_FROM, SHORT_FROM, SHORT_TO = 120, 60, 107
SHORT_SHARE, AT_MEDIAN_SHARE = 0.16, 0.04


class Texts:
    """Composes the texts of posts from the stock."""

    def __init__(self, plan: PostPlan, seed: int) -> None:
        self.draws, self.seed = Draws(seed), seed
        queue = plan.population.rows - plan.population.nameless_posts
        real = sum(kind.count for kind in plan.kinds if kind.text == REAL)
        self.foreign_share = FOREIGN_SHARE * plan.population.rows / queue
        self.ellipsis_share = ELLIPSIS_SHARE * plan.population.rows / real

    def share(self, name: str, step: np.uint64, place: Ints, share: float) -> Flags:
        """Choose a share of the queue, evenly spread: neighbours step round by an irrational part of the circle."""
        circle = place.astype(np.uint64) * step + np.uint64(key(self.seed, name))
        return circle < np.uint64(round(share * 2**32) << 32)

    def titles(self, posts: Posts) -> pa.Array:
        """Compose titles; one in ten rows holds text outside ASCII."""
        foreign = self.share("foreign", GOLDEN, posts.queue, self.foreign_share)
        fate = self.draws.below("title", posts.content, 1000)
        wholly = foreign & (fate < 500)
        long = ~foreign & (fate < LONG_TITLE_SHARE * 1000)
        heads = pa.concat_arrays([stock.titles(), stock.foreign_titles(), stock.long_titles()])
        tails = pa.concat_arrays([pa.array([""]), stock.suffixes(), stock.foreign_suffixes()])
        plain = ~foreign & (fate < PLAIN_TITLE_SHARE * 1000)
        head = heads.take(pa.array(self.head(posts, wholly, long)))
        tail = tails.take(pa.array(self.tail(posts, wholly | long | plain, foreign)))
        return chosen(posts.title, pc.binary_join_element_wise(head, tail, ""), NO_TITLE)

    def head(self, posts: Posts, wholly: Flags, long: Flags) -> Ints:
        """Pick the first part of each title."""
        english = posts.category * stock.TITLES_EACH + self.draws.below("head", posts.content, stock.TITLES_EACH)
        foreign = len(stock.titles()) + self.draws.below("foreign head", posts.content, stock.SUFFIXES)
        longer = len(stock.titles()) + stock.SUFFIXES + self.draws.below("long", posts.content, stock.LONG_TITLES)
        return np.select([wholly, long], [foreign, longer], english)

    def tail(self, posts: Posts, none: Flags, foreign: Flags) -> Ints:
        """Pick the second part of each title."""
        suffix = 1 + self.draws.below("tail", posts.content, stock.SUFFIXES)
        return np.select([none, foreign], [np.int64(0), suffix + stock.SUFFIXES], suffix)

    def descriptions(self, posts: Posts) -> pa.Array:
        """Compose descriptions of a drawn length, of which a share was cut off."""
        cut = self.share("cut", SILVER, posts.queue, self.ellipsis_share)
        opening = posts.category * stock.OPENINGS_EACH + self.draws.below("opening", posts.content, stock.OPENINGS_EACH)
        begin = stock.openings().take(pa.array(opening))
        length = self.lengths(posts, cut) - pc.utf8_length(begin).to_numpy() - 1
        end = stock.endings().take(pa.array(self.ending(posts, length, cut)))
        fixed = pa.array(["", NO_STORY_DESCRIPTION, NO_DESCRIPTION, UNTITLED, ART]).take(pa.array(posts.text))
        return pc.if_else(pa.array(posts.text == REAL), pc.binary_join_element_wise(begin, end, " "), fixed)

    def lengths(self, posts: Posts, cut: Flags) -> Ints:
        """Draw the characters of each real description."""
        kind = self.draws.below("description kind", posts.content, 1000)
        exact, short = kind < AT_MEDIAN_SHARE * 1000, kind >= (1 - SHORT_SHARE) * 1000
        ranges = [(CUT_FROM, CUT_TO), (SHORT_FROM, SHORT_TO), (WHOLE_FROM, LIMIT)]
        drawn = [low + self.draws.below("length", posts.content, high - low + 1) for low, high in ranges]
        return np.select([exact, cut, short], [np.int64(MEDIAN), *drawn[:2]], drawn[2])

    def ending(self, posts: Posts, length: Ints, cut: Flags) -> Ints:
        """Pick an ending of exactly this length."""
        lengths = stock.ENDING_TO - stock.ENDING_FROM + 1
        place = (length - stock.ENDING_FROM) + np.where(cut, lengths, 0)
        return place * stock.ENDINGS_EACH + self.draws.below("ending", posts.content, stock.ENDINGS_EACH)

    def tags(self, posts: Posts) -> pa.Array:
        """Compose nine tags."""
        parts = [
            entries.take(
                pa.array(posts.category * stock.TAGS_EACH + self.draws.below(name, posts.content, stock.TAGS_EACH))
            )
            for name, entries in zip(("tags 1", "tags 2", "tags 3"), stock.tags(), strict=True)
        ]
        return chosen(posts.tags, pc.binary_join_element_wise(*parts, ","), NO_TAGS)


class PosterNames:
    """Gives every person a name to post under; no two share one."""

    def __init__(self, seed: int) -> None:
        fixed = set(" ".join(POSTERS).lower().split())  # "The Art" + "Magazine" would be "The" + "Art Magazine"
        self.words = pa.array([word.title() for word in words() if len(word) > 1 and word.lower() not in fixed])
        self.codes = Permutation(seed, "poster name", len(POSTERS) * len(self.words) ** 2)

    def __call__(self, person: Ints) -> pa.Array:
        """Write the names of some persons."""
        code, second = np.divmod(self.codes(person), len(self.words))
        pattern, first = np.divmod(code, len(self.words))
        before, between, after = (
            pa.array(part).take(pa.array(pattern)) for part in zip(*map(parted, POSTERS), strict=True)
        )
        first_word, second_word = (self.words.take(pa.array(word)) for word in (first, second))
        return pc.binary_join_element_wise(before, first_word, between, second_word, after, "")


def parted(pattern: str) -> tuple[str, str, str]:
    """Split a pattern at its two gaps."""
    before, between, after = pattern.split("{}")
    return before, between, after


def chosen(real: Flags, texts: pa.Array, placeholder: str) -> pa.Array:
    """Put the placeholder where the text is not real."""
    return pc.if_else(pa.array(real), texts, pa.scalar(placeholder))
