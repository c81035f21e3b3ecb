"""The generator: rows of the three tables, chunk by chunk, the same for the same seed and size."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sandbox.data import names
from sandbox.data.calendar import FIRST_POST, PostTimes
from sandbox.data.categories import CATEGORIES
from sandbox.data.draws import Draws
from sandbox.data.followers import follower_texts, followers
from sandbox.data.hexadecimal import image_paths, uuids
from sandbox.data.limits import DEFAULT_CHUNK_ROWS, check_positive, check_rows, check_seed
from sandbox.data.people import people
from sandbox.data.placeholders import NO_IMAGE, NO_USER_INFO
from sandbox.data.population import population
from sandbox.data.posts import IMAGE, MEDIA, PostPlan, Posts
from sandbox.data.schema import GEO, PIN, USER, Entity
from sandbox.data.texts import PosterNames, Texts, chosen

Ints = npt.NDArray[np.int64]
HOST = "https://i.pinimg.com/"
STILL, MOVING = f"{HOST}originals/", f"{HOST}videos/thumbnails/originals/"


@dataclass(frozen=True)
class Chunk:
    """Neighbouring rows of the three tables; row n of one belongs to row n of the others.

    Attributes:
        first_row: the index of the first row.
        pin: columns of `pinterest_data` in SQL order; `index`, `downloaded` int32, the others string.
        geo: columns of `geolocation_data`; `ind` int32, `timestamp` timestamp[s], the degrees double, `country` string.
        user: columns of `user_data`; `ind`, `age` int32, the names string, `date_joined` timestamp[s].
    """

    first_row: int
    pin: pa.Table
    geo: pa.Table
    user: pa.Table

    def tables(self) -> tuple[tuple[Entity, pa.Table], ...]:
        """The three tables with what they are."""
        return (PIN, self.pin), (GEO, self.geo), (USER, self.user)


def generate(rows: int, seed: int, *, decimals: bool = False, chunk_rows: int = DEFAULT_CHUNK_ROWS) -> Iterator[Chunk]:
    """Make the three tables in chunks; the values do not depend on the size of a chunk.

    Args:
        rows: rows of each table, 100 to 10,000,000.
        seed: 0 to 2**63 - 1.
        decimals: let some follower counts have a decimal, such as `3.4k` or `1.2M`.
        chunk_rows: rows of a chunk; it bounds the memory. The persons, made first, take up to 70 bytes a row besides.

    Raises:
        InvalidRowsError, InvalidSeedError, InvalidLayoutError: an argument is out of range; raised at the call.
    """
    check_rows(rows)
    check_seed(seed)
    check_positive("chunk_rows", chunk_rows)
    return chunks(rows, seed, decimals, chunk_rows)


def chunks(rows: int, seed: int, decimals: bool, chunk_rows: int) -> Iterator[Chunk]:
    """Make the chunks, once the arguments are known to be good."""
    dataset = Dataset(rows, seed, decimals)
    for first_row in range(0, rows, chunk_rows):
        yield dataset.chunk(first_row, min(first_row + chunk_rows, rows))


class Dataset:
    """All that must be known before any row can be made."""

    def __init__(self, rows: int, seed: int, decimals: bool) -> None:
        self.population = population(rows)
        self.plan = PostPlan(self.population, seed)
        self.times = PostTimes(seed)
        self.people = people(self.population, seed)
        self.followers = followers(self.population, seed, decimals)
        self.texts = Texts(self.plan, seed)
        self.posters = PosterNames(seed)
        self.draws = Draws(seed)
        self.join_before_posting()

    def join_before_posting(self) -> None:
        """Let nobody join after their first post: the few who joined in the posts' first days join with it."""
        late = np.flatnonzero(self.people.date_joined >= FIRST_POST)
        posts = self.population.posts_of_each()[late]
        slot = np.repeat(self.population.slots_of(late) - (np.cumsum(posts) - posts), posts) + np.arange(posts.sum())
        moments = self.times(self.plan.slots.inverse(slot))
        np.minimum.at(self.people.date_joined, np.repeat(late, posts), moments)

    def chunk(self, first_row: int, stop_row: int) -> Chunk:
        """Make the rows from first_row up to, not including, stop_row."""
        posts = self.plan(np.arange(first_row, stop_row))
        return Chunk(first_row, self.pin(posts), self.geo(posts), self.user(posts))

    def pin(self, posts: Posts) -> pa.Table:
        """Make rows of `pinterest_data`."""
        categories = pa.array(CATEGORIES).take(pa.array(posts.category))
        columns = [
            posts.row,
            uuids(self.draws, posts.row),
            self.texts.titles(posts),
            self.texts.descriptions(posts),
            chosen(posts.person > 0, self.posters(posts.person), NO_USER_INFO),
            self.follower_counts(posts),
            self.texts.tags(posts),
            pa.array(MEDIA).take(pa.array(posts.media)),
            self.images(posts),
            posts.image,
            pc.binary_join_element_wise("Local save in /data/", categories, ""),
            categories,
        ]
        return table(PIN, columns)

    def follower_counts(self, posts: Posts) -> pa.Array:
        """Show the poster's count; the later half of a growing poster's posts shows the next one."""
        later = self.followers.grows[posts.person] & (2 * posts.nth >= posts.posts)
        return follower_texts().take(pa.array(self.followers.text[posts.person] + later))

    def images(self, posts: Posts) -> pa.Array:
        """Write the address of each picture."""
        folder = pc.if_else(pa.array(posts.media == IMAGE), STILL, MOVING)
        address = pc.binary_join_element_wise(folder, image_paths(self.draws, posts.content), "")
        return chosen(posts.image, address, NO_IMAGE)

    def geo(self, posts: Posts) -> pa.Table:
        """Make rows of `geolocation_data`."""
        who = posts.person
        country = pa.array(names.countries()).take(pa.array(self.people.country[who]))
        places = (self.people.latitude[who], self.people.longitude[who])
        return table(GEO, [posts.row, self.times(posts.row), *places, country])

    def user(self, posts: Posts) -> pa.Table:
        """Make rows of `user_data`."""
        who = posts.person
        first = pa.array(names.first_names()[0]).take(pa.array(self.people.first_name[who]))
        last = pa.array(names.last_names()[0]).take(pa.array(self.people.last_name[who]))
        return table(USER, [posts.row, first, last, self.people.age[who], self.people.date_joined[who]])


def table(entity: Entity, columns: list[pa.Array | npt.NDArray]) -> pa.Table:
    """Put columns together, each as its type."""
    arrays = [pa.array(column).cast(field.type) for column, field in zip(columns, entity.arrow, strict=True)]
    return pa.table(arrays, schema=entity.arrow)
