"""Draws the journey of a row, a picture for each part: notebooks/images/journey-0.svg (all of it) to journey-6.svg.

    .venv/bin/python scripts/journey.py

Text in, text out: the same pictures on every machine. Each stands on a ground of its own, so that it can be read on a
light page and on a dark one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

IMAGES = Path(__file__).resolve().parent.parent / "notebooks" / "images"
PARTS = range(7)

COLUMN, ROW = 158, 106
WIDTH, HEIGHT = 128, 58
LEFT, TOP = 22, 62
SIZE = (2 * LEFT + 5 * COLUMN + WIDTH, TOP + 2 * ROW + HEIGHT + 44)
GROUND, INK, PALE, EDGE, MARKED, ON_MARKED = "#ffffff", "#1f2328", "#f0f1f3", "#6e7781", "#b3081b", "#ffffff"
TITLES = (
    "The journey of a row",
    "Part 1: Kafka and its client",
    "Part 2: from the topics to S3",
    "Part 3: the API",
    "Part 4: clean tables and answers",
    "Part 5: on a schedule",
    "Part 6: the stream",
)


@dataclass(frozen=True)
class Stop:
    """A place where a row stays: a box in a column and a row of the picture."""

    name: str
    what: str
    column: int
    row: int
    parts: tuple[int, ...] = ()

    @property
    def x(self) -> int:
        """Its left edge."""
        return LEFT + self.column * COLUMN

    @property
    def y(self) -> int:
        """Its upper edge."""
        return TOP + self.row * ROW

    @property
    def middle(self) -> tuple[int, int]:
        """Its middle."""
        return self.x + WIDTH // 2, self.y + HEIGHT // 2


@dataclass(frozen=True)
class Way:
    """How a row gets from one stop to the next: a line through points, with an arrow at its end."""

    points: tuple[tuple[int, int], ...]
    parts: tuple[int, ...] = ()


DATABASE = Stop("Database", "RDS, MariaDB", 0, 0)
API = Stop("API Gateway", "stage, key, throttle", 1, 0, (3,))
PROXY = Stop("REST proxy", "on the EC2 instance", 2, 0, (3,))
KAFKA = Stop("Kafka", "MSK, three topics", 3, 0, (1,))
CONNECT = Stop("S3 sink", "MSK Connect", 4, 0, (2,))
BUCKET = Stop("S3", "JSON lines, objects", 5, 0, (2,))
RAW = Stop("Raw tables", "Delta, as landed", 5, 1, (4,))
CLEAN = Stop("Clean tables", "one row a key", 4, 1, (4,))
ANSWERS = Stop("Answers", "eight questions", 3, 1, (4,))
AIRFLOW = Stop("Airflow", "MWAA, once a day", 2, 1, (5,))
KINESIS = Stop("Kinesis", "three streams", 1, 2, (6,))
STREAMED = Stop("Stream tables", "the same rows", 4, 2, (6,))
STOPS = (DATABASE, API, PROXY, KAFKA, CONNECT, BUCKET, RAW, CLEAN, ANSWERS, AIRFLOW, KINESIS, STREAMED)

FRAME = 12
"""How far the frame of what Airflow runs stands away from the boxes."""


def right(start: Stop, end: Stop, *parts: int) -> Way:
    """From a stop to one on its right."""
    return Way(((start.x + WIDTH, start.middle[1]), (end.x, end.middle[1])), parts)


def left(start: Stop, end: Stop, *parts: int) -> Way:
    """From a stop to one on its left."""
    return Way(((start.x, start.middle[1]), (end.x + WIDTH, end.middle[1])), parts)


def down(start: Stop, end: Stop, *parts: int) -> Way:
    """From a stop to one below it."""
    return Way(((start.middle[0], start.y + HEIGHT), (end.middle[0], end.y)), parts)


WAYS = (
    right(DATABASE, API, 3),
    right(API, PROXY, 3),
    right(PROXY, KAFKA, 1, 3),
    right(KAFKA, CONNECT, 2),
    right(CONNECT, BUCKET, 2),
    down(BUCKET, RAW, 4),
    left(RAW, CLEAN, 4),
    left(CLEAN, ANSWERS, 4),
    Way(((AIRFLOW.x + WIDTH, AIRFLOW.middle[1]), (ANSWERS.x - FRAME, AIRFLOW.middle[1])), (5,)),
    down(API, KINESIS, 6),
    right(KINESIS, STREAMED, 6),
)


def picture(part: int) -> str:
    """The picture of a part as SVG: its stops and ways are marked, in that of part 0 none is."""
    width, height = SIZE
    shapes = [frame(part), *(way(w, part) for w in WAYS), *(stop(s, part) for s in STOPS), equality(part)]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" font-family="Helvetica, Arial, sans-serif">',
            f"<title>{escape(TITLES[part])}</title>",
            f"<desc>{escape(description(part))}</desc>",
            *arrow_heads(),
            f'<rect width="{width}" height="{height}" rx="10" fill="{GROUND}" stroke="{EDGE}"/>',
            text(LEFT, 36, TITLES[part], 19, INK, anchor="start", bold=True),
            *shapes,
            text(LEFT, height - 16, legend(part), 13, INK, anchor="start"),
            "</svg>\n",
        ]
    )


def description(part: int) -> str:
    """The picture in words."""
    marked = ", ".join(s.name for s in STOPS if part in s.parts)
    journey = " to ".join(s.name for s in (DATABASE, API, PROXY, KAFKA, CONNECT, BUCKET, RAW, CLEAN, ANSWERS))
    told = f"A row goes from {journey}; and from API Gateway to Kinesis to Stream tables. Airflow runs the notebooks."
    return f"{told} Marked: {marked}." if marked else told


def legend(part: int) -> str:
    """The line below the picture."""
    if part:
        return "Red is what this part is about. The numbers are the parts of the course."
    return "The numbers are the parts of the course, and of its notebooks."


def arrow_heads() -> Iterator[str]:
    """The ends of the ways."""
    yield "<defs>"
    for name, colour in (("plain", EDGE), ("marked", MARKED)):
        yield (
            f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            f'orient="auto"><path d="M0 0L10 5L0 10z" fill="{colour}"/></marker>'
        )
    yield "</defs>"


def frame(part: int) -> str:
    """What Airflow runs: the jobs on the tables."""
    x, y = ANSWERS.x - FRAME, ANSWERS.y - FRAME
    width, height = RAW.x + WIDTH + 2 * FRAME - ANSWERS.x, HEIGHT + 2 * FRAME
    colour, weight = (MARKED, 2.5) if part == 5 else (EDGE, 1)
    return (
        f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="9" fill="none" stroke="{colour}" '
        f'stroke-width="{weight}" stroke-dasharray="5 4"/>'
    )


def way(drawn: Way, part: int) -> str:
    """One line with its arrow."""
    marked = part in drawn.parts
    colour, weight, head = (MARKED, 2.5, "marked") if marked else (EDGE, 1.5, "plain")
    points = " ".join(f"{x},{y}" for x, y in drawn.points)
    return (
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{weight}" marker-end="url(#{head})"/>'
    )


def equality(part: int) -> str:
    """Batch and stream end in the same rows."""
    x, y = CLEAN.middle[0], (CLEAN.y + HEIGHT + STREAMED.y) // 2
    return text(x, y + 10, "=", 24, MARKED if part == 6 else INK, bold=True)


def stop(drawn: Stop, part: int) -> str:
    """One box: its name, what it is at AWS, and the number of its part."""
    marked = part in drawn.parts
    fill, ink = (MARKED, ON_MARKED) if marked else (PALE, INK)
    x, y = drawn.middle
    lines = [
        f'<rect x="{drawn.x}" y="{drawn.y}" width="{WIDTH}" height="{HEIGHT}" rx="7" fill="{fill}" '
        f'stroke="{MARKED if marked else EDGE}" stroke-width="{2.5 if marked else 1.2}"/>',
        text(x, y - 3, drawn.name, 15, ink, bold=True),
        text(x, y + 16, drawn.what, 12, ink),
    ]
    for number in drawn.parts:
        lines += badge(drawn.x, drawn.y, str(number), marked)
    return "\n".join(lines)


def badge(x: int, y: int, number: str, marked: bool) -> list[str]:
    """The number of a part in the corner of a box."""
    fill, ink = (ON_MARKED, MARKED) if marked else (GROUND, INK)
    circle = f'<circle cx="{x}" cy="{y}" r="10" fill="{fill}" stroke="{MARKED if marked else EDGE}"/>'
    return [circle, text(x, y + 4, number, 12, ink, bold=True)]


def text(x: int, y: int, words: str, size: int, fill: str, *, anchor: str = "middle", bold: bool = False) -> str:
    """One line of text."""
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{fill}"{weight}>{escape(words)}</text>'
    )


def main() -> None:
    """Write the seven pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        (IMAGES / f"journey-{part}.svg").write_text(picture(part), encoding="utf-8")


if __name__ == "__main__":
    main()
