"""How many persons there are and how many posts each has.

Persons are numbered from the busiest to those with one post. Their posts fill *slots* 0..rows-1 in the same order, so
that a slot names a person by arithmetic; which slot a row has is a shuffle (`posts.py`).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sandbox.data.limits import REFERENCE_ROWS
from sandbox.data.quotas import scaled, share_of

Ints = npt.NDArray[np.int64]

# The one person behind every `User Info Error`: 88 of the 11,154 published rows, 0.87 % of the rows at other sizes.
NAMELESS_SHARE = 0.0087
NAMELESS_AT_REFERENCE = 88
# The busiest persons of the published copy, and five busy ones: their posts grow with the rows. One draw of theirs
# moves a country up the table, so their countries are part of the data's shape and the same for every seed.
NAMELESS_COUNTRY = "Afghanistan"
BUSIEST: tuple[tuple[int, str], ...] = (
    (244, "Albania"),
    (140, "Algeria"),
    (76, "American Samoa"),
    (68, "Algeria"),
    (62, "Algeria"),
    (57, "Aruba"),
    (53, "Aruba"),
    (50, "Albania"),
    (47, "Aruba"),
    (45, "Afghanistan"),
    (43, "Aruba"),
    (41, "Afghanistan"),
    (39, "Albania"),
    (37, "American Samoa"),
    (16, "Afghanistan"),
    (13, "Albania"),
    (12, "Algeria"),
    (12, "Aruba"),
    (11, "American Samoa"),
)
# Persons by their number of posts at the reference size: the rest of the tail, then the body. Their number grows.
TAIL = (
    *(35, 34, 33, 32, 31, 30, 29, 28, 28, 27, 26, 26, 26, 25, 25, 24, 24, 23, 23, 22, 22, 22, 21, 21, 21),
    *(20, 20, 20, 19, 19, 19, 19, *[18] * 4, *[17] * 5, *[16] * 5, *[15] * 7, *[14] * 10, *[13] * 9, *[12] * 10),
    *[11] * 12,
)
BODY = {10: 25, 9: 26, 8: 33, 7: 42, 6: 58, 5: 88, 4: 140, 3: 272, 2: 640}
# With fewer rows, a person of the busiest counts as one from so many posts on, and nobody else has more than one row
# in so many, or as many as makes a person busy.
BUSY, LUMP = 11, 50
REFERENCE_CROWD = REFERENCE_ROWS - NAMELESS_AT_REFERENCE - sum(posts for posts, _ in BUSIEST)


@dataclass(frozen=True)
class Population:
    """The persons of a size, in classes of persons with the same number of posts.

    Attributes:
        rows: posts in all.
        posts: posts of each person of a class; class 0 is the nameless person, then come the busiest.
        persons: persons of each class.
        named: how many of the classes 1, 2, ... are one of BUSIEST each.
    """

    rows: int
    posts: Ints
    persons: Ints
    named: int

    @property
    def size(self) -> int:
        """Persons in all."""
        return int(self.persons.sum())

    @property
    def nameless_posts(self) -> int:
        """Rows without user info: those in the slots before this number."""
        return int(self.posts[0])

    @property
    def first_person(self) -> Ints:
        """The first person of each class."""
        return np.cumsum(self.persons) - self.persons

    @property
    def first_slot(self) -> Ints:
        """The first slot of each class."""
        return np.cumsum(self.posts * self.persons) - self.posts * self.persons

    @property
    def singles(self) -> int:
        """The first person with one post; all after it have one, too (as has the nameless person of 100 rows)."""
        return self.size - int(self.persons[-1])

    def posts_of_each(self) -> Ints:
        """The number of posts of every person."""
        return np.repeat(self.posts, self.persons)

    def persons_of(self, slots: Ints) -> tuple[Ints, Ints, Ints]:
        """Give the person of each slot, the post's place among the person's posts (0, 1, ...) and their number."""
        first_slot, first_person = self.first_slot, self.first_person
        kind = np.searchsorted(first_slot, slots, side="right") - 1
        posts, within = self.posts[kind], slots - first_slot[kind]
        nth = within // posts
        return first_person[kind] + nth, within - nth * posts, posts

    def slots_of(self, persons: Ints) -> Ints:
        """Give the first slot of each person."""
        kind = np.searchsorted(self.first_person, persons, side="right") - 1
        return self.first_slot[kind] + (persons - self.first_person[kind]) * self.posts[kind]


def population(rows: int) -> Population:
    """Lay out the persons of a size."""
    nameless = NAMELESS_AT_REFERENCE if rows == REFERENCE_ROWS else share_of(rows, NAMELESS_SHARE)
    busiest = [scaled(posts, rows) for posts, _ in BUSIEST]
    busy = [posts for posts in busiest if posts >= BUSY]
    crowd = scaled_crowd(rows - nameless - sum(busiest), sum(busiest) - sum(busy), max(BUSY, rows // LUMP))
    posts = [nameless, *busy, *(posts for posts, _ in crowd)]
    persons = [1] * (1 + len(busy)) + [count for _, count in crowd]
    return Population(rows, np.array(posts), np.array(persons), len(busy))


def scaled_crowd(rows: int, more: int, most: int) -> list[tuple[int, int]]:
    """Scale tail and body to `rows` posts; return (posts, persons), busiest first, those with one post last.

    What rounding leaves over is carried on to the next smaller number of posts.

    Args:
        more: further posts, of persons who would be among the busiest if there were more rows; the tail takes them.
        most: nobody has more posts; with few rows one person would else tip every share.
    """
    crowd: dict[int, int] = {posts: TAIL.count(posts) for posts in TAIL} | BODY
    crowd[1] = REFERENCE_CROWD - sum(posts * persons for posts, persons in crowd.items())
    due, placed, result = 0, 0, []
    for posts, persons in crowd.items():
        due += posts * persons
        missing = more + due * rows // REFERENCE_CROWD - placed
        count = max(0, (2 * missing + posts) // (2 * posts)) if posts <= most else 0
        placed += count * posts
        if count:
            result.append((posts, count))
    return result
