"""The right answers to the rows of a seed: as the student's answer key, and as a table for who teaches."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa

from sandbox.data import StoredDataset, generate
from sandbox.environment import answer_key_file
from sandbox.errors import SandboxError
from sandbox.oracle import ANSWERS, EXTRAS, SUMMED, answer_key, answers_of_chunks, is_key_of
from sandbox.settings import Settings, private_folder, write_private

Progress = Callable[[int], None]


class NoRoomForAnswersError(SandboxError):
    """DuckDB ran out of disk or memory."""


def right_answers(folder: Path, data: StoredDataset, progress: Progress) -> dict[str, pa.Table]:
    """The answers to all rows of the tables; a feed changes none of them.

    Args:
        folder: where there is room for what does not fit into memory: some 60 bytes a row.
        data: what the tables are filled with.
        progress: is told the rows of each table dealt with so far.

    Raises:
        NoRoomForAnswersError: there is too little of it.
    """

    def chunks() -> Iterator[dict[str, pa.Table]]:
        for chunk in generate(data.rows, data.seed, decimals=data.dials.decimals):
            yield {entity.table: table for entity, table in chunk.tables()}
            progress(chunk.first_row + chunk.pin.num_rows)

    try:
        return answers_of_chunks(chunks(), private_folder(folder))
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        fact = f"DuckDB could not work out the answers: {str(error).splitlines()[0]}."
        raise NoRoomForAnswersError(fact, f"Make room in {folder}, then repeat the command.") from error


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
