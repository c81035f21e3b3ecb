"""What each post is: whose, of which kind, with which parts missing, a copy or not.

Two shuffles place everything. The first deals the rows out to the slots of `population.py`, so to persons. The second
shuffles the slots that have user info into a queue, which is cut into *kinds* of the sizes that the shares ask for.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sandbox.data.categories import block_starts
from sandbox.data.draws import Draws
from sandbox.data.permutation import Permutation
from sandbox.data.population import Population
from sandbox.data.quotas import ends, share_of

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

IMAGE, STORY, VIDEO = 0, 1, 2
MEDIA = ("image", "multi-video(story page format)", "video")
REAL, NO_STORY_TEXT, NO_TEXT, UNTITLED_TEXT, ART_TEXT = 0, 1, 2, 3, 4

STORY_SHARE, VIDEO_SHARE = 0.066, 0.028
NO_TEXT_SHARE, UNTITLED_SHARE, ART_SHARE = 0.0152, 0.0007, 0.0002
NO_TAGS_SHARE, NO_IMAGE_SHARE, COPY_SHARE = 0.0123, 0.021, 0.008
# Of the rows without user info one in eight is a story, which then lacks its image, too.
NAMELESS_STORY_IN = 8
COPY_TRIES = 16


@dataclass(frozen=True)
class Kind:
    """Posts that lack the same parts."""

    count: int
    media: int = IMAGE
    text: int = REAL
    title: bool = True
    tags: bool = True
    image: bool = True
    copy: bool = False


def kinds(population: Population) -> list[Kind]:
    """List the kinds of posts: first those without user info, in the order of their slots, then the queue."""
    rows, nameless = population.rows, population.nameless_posts
    stories = nameless // NAMELESS_STORY_IN
    no_text = max(0, share_of(rows, NO_TEXT_SHARE) - (nameless - stories))
    story, video = share_of(rows, STORY_SHARE) - stories, share_of(rows, VIDEO_SHARE)
    named = [
        *cut(story, media=STORY, text=NO_STORY_TEXT),
        *cut(video, media=VIDEO),
        *cut(no_text, text=NO_TEXT),
        Kind(share_of(rows, UNTITLED_SHARE), text=UNTITLED_TEXT),
        Kind(share_of(rows, ART_SHARE), text=ART_TEXT),
        Kind(share_of(rows, COPY_SHARE), copy=True),
    ]
    named += without(rows, stories, nameless, named)
    rest = rows - nameless - sum(kind.count for kind in named)
    return [
        Kind(stories, STORY, NO_STORY_TEXT, title=False, tags=False, image=False),
        Kind(nameless - stories, IMAGE, NO_TEXT, title=False, tags=False),
        *named,
        Kind(rest),
    ]


def cut(count: int, media: int = IMAGE, text: int = REAL) -> list[Kind]:
    """Cut a kind in two: those whose image is missing, in proportion, and the others."""
    missing = share_of(max(count, 0), NO_IMAGE_SHARE)
    return [Kind(missing, media, text, image=False), Kind(max(count, 0) - missing, media, text)]


def without(rows: int, stories: int, nameless: int, named: list[Kind]) -> list[Kind]:
    """Give ordinary posts that lack image or tags, as many as are still due."""
    image = share_of(rows, NO_IMAGE_SHARE) - stories - sum(kind.count for kind in named if not kind.image)
    tags = share_of(rows, NO_TAGS_SHARE) - nameless
    return [Kind(max(0, image), image=False), Kind(max(0, tags), tags=False)]


@dataclass(frozen=True)
class Posts:
    """Some posts, one array a column.

    `nth` counts the person's posts from 0 and `posts` is their number.
    `content` is the row that title, description, tags and image are drawn from: the row itself, or the one it copies.
    `queue` is the content's place in the queue.
    """

    row: Ints
    category: Ints
    person: Ints
    nth: Ints
    posts: Ints
    content: Ints
    queue: Ints
    media: Ints
    text: Ints
    title: Flags
    tags: Flags
    image: Flags


class PostPlan:
    """Computes what any row is."""

    def __init__(self, population: Population, seed: int) -> None:
        self.population = population
        self.starts = block_starts(population.rows)
        self.stops = np.append(self.starts[1:], population.rows)
        self.slots = Permutation(seed, "slot", population.rows)
        self.line = Permutation(seed, "queue", population.rows - population.nameless_posts)
        self.draws = Draws(seed)
        self.kinds = kinds(population)
        self.ends = np.array(ends([kind.count for kind in self.kinds]))

    def __call__(self, row: Ints) -> Posts:
        """Describe the posts of some rows."""
        slot = self.slots(row)
        queue = self.queue(slot)
        kind = self.kind(queue)
        category = np.searchsorted(self.starts, row, side="right") - 1
        content = self.content(row, category, kind)
        copied = np.flatnonzero(content != row)
        queue[copied] = self.queue(self.slots(content[copied]))
        person, nth, of = self.population.persons_of(slot)
        looks = [self.look(name, kind) for name in ("media", "text", "title", "tags", "image")]
        return Posts(row, category, person, nth, of, content, queue, *looks)

    def queue(self, slot: Ints) -> Ints:
        """Shuffle the slots with user info; those without keep their place before them."""
        nameless = self.population.nameless_posts
        place = slot.copy()
        named = slot >= nameless
        place[named] = nameless + self.line(slot[named] - nameless)
        return place

    def kind(self, queue: Ints) -> Ints:
        """Find the kind at each place of the queue."""
        return np.searchsorted(self.ends, queue, side="right")

    def look(self, name: str, kind: Ints) -> npt.NDArray:
        """Read one property of each post's kind."""
        return np.array([getattr(one, name) for one in self.kinds])[kind]

    def content(self, row: Ints, category: Ints, kind: Ints) -> Ints:
        """Give the row that each row shows: for a copy, an ordinary one of its category drawn anew until one fits."""
        content, ordinary = row.copy(), len(self.kinds) - 1
        copies = np.flatnonzero(self.look("copy", kind))
        for turn in range(COPY_TRIES):
            start = self.starts[category[copies]]
            length = self.stops[category[copies]] - start
            candidate = start + self.draws.below(f"copy of {turn}", row[copies], length)
            fits = self.kind(self.queue(self.slots(candidate))) == ordinary
            content[copies[fits]] = candidate[fits]
            copies = copies[~fits]
        return content
