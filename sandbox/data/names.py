"""Faker's lists as the source of names, countries and words; read once, never called per row."""

from collections.abc import Iterable, Mapping
from functools import cache
from itertools import accumulate

import numpy as np
import numpy.typing as npt
from faker.providers.address.en import Provider as Address
from faker.providers.lorem.el_GR import Provider as Greek
from faker.providers.lorem.en_US import Provider as English
from faker.providers.lorem.he_IL import Provider as Hebrew
from faker.providers.lorem.ja_JP import Provider as Japanese
from faker.providers.lorem.ru_RU import Provider as Russian
from faker.providers.person.en_US import Provider as Person

Ints = npt.NDArray[np.int64]
UNIT = 2**32


@cache
def countries() -> tuple[str, ...]:
    """The 243 distinct names of Faker's English list, sorted."""
    return tuple(sorted(set(Address.countries)))


@cache
def first_names() -> tuple[tuple[str, ...], Ints]:
    """First names, sorted, and where each ends on a scale of 2**32: Faker's own weights."""
    return weighted(Person.first_names)


@cache
def last_names() -> tuple[tuple[str, ...], Ints]:
    """Last names, sorted, and where each ends on a scale of 2**32: Faker's own weights."""
    return weighted(Person.last_names)


def weighted(weights: Mapping[str, float]) -> tuple[tuple[str, ...], Ints]:
    """Sort a weighted list and lay its weights end to end on a scale of 2**32."""
    names = tuple(sorted(weights))
    parts = [round(weights[name] * 1e9) for name in names]
    total = sum(parts)
    return names, np.array([end * UNIT // total for end in accumulate(parts)])


@cache
def words() -> tuple[str, ...]:
    """Faker's English words, sorted."""
    return tuple(sorted(set(English.word_list)))


@cache
def foreign_words() -> tuple[tuple[str, ...], ...]:
    """Greek, Russian, Japanese and Hebrew words, each list sorted."""
    return tuple(ordered(provider.word_list) for provider in (Greek, Russian, Japanese, Hebrew))


def ordered(entries: Iterable[str]) -> tuple[str, ...]:
    """Sort the distinct entries that hold no ASCII character."""
    return tuple(sorted({entry for entry in entries if entry and all(ord(letter) > 127 for letter in entry)}))
