"""Texts to pick from, composed once from Faker's words and the vocabulary; every seed picks from the same stock.

No text holds a quotation mark, a backslash or a control character, so each fits into JSON as it stands.
"""

from functools import cache

import pyarrow as pa

from sandbox.data import names
from sandbox.data.categories import CATEGORIES
from sandbox.data.draws import FIRST, GOLDEN, SECOND, key
from sandbox.data.vocabulary import EMOJI, MANNERS, OPENINGS, THINGS, TITLES

TITLES_EACH = 1024
OPENINGS_EACH = 256
TAGS_EACH = 256
SUFFIXES = 1024
LONG_TITLES = 256
TITLE_LIMIT = 199
LONG_TITLE_FROM = 100
ENDING_FROM, ENDING_TO, ENDINGS_EACH = 12, 160, 16
ELLIPSIS = "…"
LONGEST_WORD = 11
WORD = 2**64 - 1
VOWELS = "aei"  # of the manners that begin with one, only these sound so: an easy one, a unique one


class Picker:
    """Picks one entry after another; the same ones in the same order for a name."""

    def __init__(self, name: str) -> None:
        self.state = key(0, f"stock of {name}")

    def number(self, low: int, high: int) -> int:
        """Pick a whole number from low to high, both included (splitmix64)."""
        self.state = (self.state + int(GOLDEN)) & WORD
        mixed = ((self.state ^ self.state >> 30) * int(FIRST)) & WORD
        mixed = ((mixed ^ mixed >> 27) * int(SECOND)) & WORD
        return low + ((mixed ^ mixed >> 31) >> 32) * (high - low + 1) // 2**32

    def one(self, entries: tuple[str, ...]) -> str:
        """Pick one entry."""
        return entries[self.number(0, len(entries) - 1)]


@cache
def titles() -> pa.Array:
    """Titles, TITLES_EACH a category, in the order of the categories."""
    return per_category("titles", TITLES, TITLES_EACH, lower=False)


@cache
def openings() -> pa.Array:
    """First sentences of descriptions, OPENINGS_EACH a category."""
    return per_category("openings", OPENINGS, OPENINGS_EACH, lower=True)


def per_category(name: str, patterns: tuple[str, ...], count: int, lower: bool) -> pa.Array:
    """Fill patterns with each category's things."""
    pick = Picker(name)
    return pa.array([filled(pick, patterns, category, lower) for category in CATEGORIES for _ in range(count)])


def filled(pick: Picker, patterns: tuple[str, ...], category: str, lower: bool) -> str:
    """Fill one pattern."""
    thing, manner = pick.one(THINGS[category]), pick.one(MANNERS)
    words = (thing.lower(), manner.lower()) if lower else (thing, manner)
    article = "an" if manner[0].lower() in VOWELS else "a"
    return pick.one(patterns).format(thing=words[0], manner=words[1], a=article, number=pick.number(5, 60))


@cache
def suffixes() -> pa.Array:
    """What may follow a title: Faker's words after a dash or a bar."""
    pick, words = Picker("suffixes"), long_words()
    return pa.array([suffix(pick, words) for _ in range(SUFFIXES)])


def suffix(pick: Picker, words: tuple[str, ...]) -> str:
    """Compose one suffix."""
    one, two = pick.one(words).title(), pick.one(words).title()
    return pick.one((" | {} {}", " - {} {}", " for {} and {}", ": {} {}")).format(one, two)


@cache
def foreign_suffixes() -> pa.Array:
    """What follows an English title in another alphabet, or as emoji."""
    pick = Picker("foreign suffixes")
    return pa.array([pick.one((" | ", " - ", " ")) + foreign(pick, 2) for _ in range(SUFFIXES)])


@cache
def foreign_titles() -> pa.Array:
    """Titles wholly in another alphabet."""
    pick = Picker("foreign titles")
    return pa.array([foreign(pick, pick.number(3, 7)) for _ in range(SUFFIXES)])


def foreign(pick: Picker, count: int) -> str:
    """Write some words in Greek, Russian, Japanese or Hebrew, or show emoji."""
    alphabet = pick.number(0, len(names.foreign_words()))
    if alphabet == len(names.foreign_words()):
        return "".join(pick.one(EMOJI) for _ in range(min(count, 3)))
    return " ".join(pick.one(names.foreign_words()[alphabet]) for _ in range(count))


@cache
def long_titles() -> pa.Array:
    """Titles of 100 to 199 characters."""
    pick = Picker("long titles")
    spread = TITLE_LIMIT - LONG_TITLE_FROM + 1
    return pa.array([worded(pick, LONG_TITLE_FROM + number % spread).title() for number in range(LONG_TITLES)])


@cache
def endings() -> pa.Array:
    """Ends of descriptions: for each length from ENDING_FROM to ENDING_TO, ENDINGS_EACH with a full stop.

    The same again follows with an ellipsis in place of the full stop.
    """
    pick, lengths = Picker("endings"), range(ENDING_FROM, ENDING_TO + 1)
    texts = [sentence(worded(pick, length - 1)) for _ in range(2) for length in lengths for _ in range(ENDINGS_EACH)]
    half = len(texts) // 2
    return pa.array([f"{text}." for text in texts[:half]] + [f"{text}{ELLIPSIS}" for text in texts[half:]])


def worded(pick: Picker, length: int) -> str:
    """Write words and blanks of exactly so many characters."""
    chosen: list[str] = []
    while length > LONGEST_WORD:
        chosen.append(pick.one(words_of(pick.number(2, min(9, length - 3)))))
        length -= len(chosen[-1]) + 1
    return " ".join([*chosen, pick.one(words_of(length))])


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[0].upper() + text[1:]


@cache
def words_of(length: int) -> tuple[str, ...]:
    """Faker's words of a length."""
    return tuple(word for word in names.words() if len(word) == length)


@cache
def long_words() -> tuple[str, ...]:
    """Faker's words of four letters or more."""
    return tuple(word for word in names.words() if len(word) >= 4)


@cache
def tags() -> tuple[pa.Array, pa.Array, pa.Array]:
    """Three stocks of three tags each, TAGS_EACH a category; no tag is in two stocks, so nine tags differ."""
    pick = Picker("tags")
    stocks = (
        [tag_triple(pick, THINGS[category], "{}") for category in CATEGORIES for _ in range(TAGS_EACH)],
        [tag_triple(pick, MANNERS, "{} " + spoken(category)) for category in CATEGORIES for _ in range(TAGS_EACH)],
        [tag_triple(pick, long_words(), "{} Inspiration") for _ in CATEGORIES for _ in range(TAGS_EACH)],
    )
    first, second, third = (pa.array(stock) for stock in stocks)
    return first, second, third


def tag_triple(pick: Picker, entries: tuple[str, ...], pattern: str) -> str:
    """Join three different tags."""
    first, second, third = pick.number(0, len(entries) - 1), pick.number(1, len(entries) - 2), pick.number(0, 1)
    other = (first + second) % len(entries)
    last = next(place % len(entries) for place in range(other + 1 + third, other + 4) if place % len(entries) != first)
    return ",".join(pattern.format(entries[place].title()) for place in (first, other, last))


def spoken(category: str) -> str:
    """Write a category as people say it: `diy-and-crafts` is `Diy And Crafts`."""
    return category.replace("-", " ").title()
