"""The right answers to the rows of a seed: as the student's answer key, and as a table for who teaches."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from sandbox.data import StoredDataset, generate
from sandbox.environment import answer_key_file
from sandbox.oracle import ANSWERS, EXTRAS, SUMMED, answer_key, answers_of_chunks, is_key_of
from sandbox.settings import Settings, private_folder, write_private

Progress = Callable[[int], None]


def right_answers(folder: Path, data: StoredDataset, progress: Progress) -> dict[str, pa.Table]:
    """The answers to all rows of the tables; a feed changes none of them.

    Args:
        folder: where there is room for what does not fit into memory: some 60 bytes a row.
        data: what the tables are filled with.
        progress: is told the rows of each table dealt with so far.
    """

    def chunks() -> Iterator[dict[str, pa.Table]]:
        for chunk in generate(data.rows, data.seed, decimals=data.dials.decimals):
            yield {entity.table: table for entity, table in chunk.tables()}
            progress(chunk.first_row + chunk.pin.num_rows)

    return answers_of_chunks(chunks(), private_folder(folder))


def write_answer_key(settings: Settings, data: StoredDataset, answers: dict[str, pa.Table]) -> None:
    """Write the answer key, with a new salt, for its owner's eyes only, whole or not at all."""
    write_private(answer_key_file(settings), answer_key(answers, _named(data)))


def has_answer_key(settings: Settings, data: StoredDataset) -> bool:
    """Whether the sandbox has the answer key of this data."""
    return is_key_of(answer_key_file(settings), _named(data), (*ANSWERS, *EXTRAS, *SUMMED))


def write_answers(file: Path, answers: dict[str, pa.Table]) -> None:
    """Write answers as CSV: `question`, and `row`, a JSON object a row of the answer."""
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines)
        writer.writerow(("question", "row"))
        for key, table in answers.items():
            writer.writerows((key, json.dumps(row, ensure_ascii=False)) for row in table.to_pylist())


def _named(data: StoredDataset) -> dict[str, int | bool]:
    return {"rows": data.rows, "seed": data.seed, "decimals": data.dials.decimals}
