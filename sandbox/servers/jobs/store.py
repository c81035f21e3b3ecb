"""What the service must not forget, in one SQLite file: jobs, runs, and the tokens that make a call idempotent."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sandbox.servers.jobs.errors import no_such_job, no_such_run
from sandbox.servers.jobs.runs import Run, now

SCHEMA = """
CREATE TABLE IF NOT EXISTS ids (id INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE IF NOT EXISTS jobs (job_id INTEGER PRIMARY KEY, created_time INTEGER, settings BLOB);
CREATE TABLE IF NOT EXISTS runs (run_id INTEGER PRIMARY KEY, job_id INTEGER, ended INTEGER, document BLOB);
CREATE TABLE IF NOT EXISTS task_runs (task_run_id INTEGER PRIMARY KEY, run_id INTEGER);
CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, run_id INTEGER);
"""


class Job(msgspec.Struct, frozen=True):
    """A job as it was created; the settings are kept as they were given."""

    job_id: int
    created_time: int
    settings: dict[str, Any]


class Store:
    """Each method is one transaction that is on the disk when it returns."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, isolation_level=None)
        self._database.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def new_id(self) -> int:
        """An id that nothing has had: jobs, runs and runs of tasks share them."""
        return int(self._database.execute("INSERT INTO ids DEFAULT VALUES").lastrowid or 0)

    def add_job(self, settings: dict[str, Any]) -> Job:
        """Keep a new job."""
        job = Job(self.new_id(), now(), settings)
        row = (job.job_id, job.created_time, msgspec.json.encode(settings))
        self._database.execute("INSERT INTO jobs VALUES (?, ?, ?)", row)
        return job

    def job(self, job_id: int) -> Job:
        """A job; raises ApiError where there is none."""
        for row in self._database.execute("SELECT * FROM jobs WHERE job_id = ?", (job_id,)):
            return _job(row)
        raise no_such_job(job_id)

    def jobs(self) -> Iterator[Job]:
        """Every job, the latest first."""
        yield from map(_job, self._database.execute("SELECT * FROM jobs ORDER BY job_id DESC"))

    def change_job(self, job_id: int, settings: dict[str, Any]) -> None:
        """Give a job other settings."""
        encoded = msgspec.json.encode(settings)
        self._database.execute("UPDATE jobs SET settings = ? WHERE job_id = ?", (encoded, job_id))

    def delete_job(self, job_id: int) -> None:
        """Forget a job; its runs stay."""
        self._database.execute("DELETE FROM jobs WHERE job_id = ?", (job_id,))

    def save(self, run: Run, token: str = "") -> None:
        """Keep a run as it is now; a token, given with a new run, leads to it from then on."""
        row = (run.run_id, run.job_id, run.state.ended, msgspec.json.encode(run))
        attempts = [(attempt.run_id, run.run_id) for attempt in run.attempts]
        with self._database:
            self._database.execute("BEGIN")
            self._database.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", row)
            self._database.executemany("INSERT OR IGNORE INTO task_runs VALUES (?, ?)", attempts)
            if token:
                self._database.execute("INSERT INTO tokens VALUES (?, ?)", (token, run.run_id))

    def run(self, run_id: int) -> Run:
        """A run by its id or by that of one of its attempts; raises ApiError where there is none."""
        query = """SELECT document FROM runs WHERE run_id = ?1
            OR run_id = (SELECT run_id FROM task_runs WHERE task_run_id = ?1)"""
        for (document,) in self._database.execute(query, (run_id,)):
            return msgspec.json.decode(document, type=Run)
        raise no_such_run(run_id)

    def runs(self, job_id: int | None = None, ended: bool | None = None, below: int | None = None) -> Iterator[Run]:
        """Runs, the latest first: those of a job, those that have ended or have not, those with a lower id."""
        query = """SELECT document FROM runs WHERE (?1 IS NULL OR job_id = ?1) AND (?2 IS NULL OR ended = ?2)
            AND (?3 IS NULL OR run_id < ?3) ORDER BY run_id DESC"""
        for (document,) in self._database.execute(query, (job_id, ended, below)):
            yield msgspec.json.decode(document, type=Run)

    def run_of_token(self, token: str) -> int | None:
        """The id of the run that was made with a token, also where the run is deleted."""
        for (run_id,) in self._database.execute("SELECT run_id FROM tokens WHERE token = ?", (token,)):
            return int(run_id)
        return None

    def delete_run(self, run: Run) -> None:
        """Forget a run; its token stays known."""
        with self._database:
            self._database.execute("BEGIN")
            self._database.execute("DELETE FROM runs WHERE run_id = ?", (run.run_id,))
            self._database.execute("DELETE FROM task_runs WHERE run_id = ?", (run.run_id,))


def _job(row: tuple[int, int, bytes]) -> Job:
    return Job(row[0], row[1], msgspec.json.decode(row[2], type=dict[str, Any]))
