"""The progress file and the dead-letter file: what they keep, and what a kill leaves of them."""

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.dead_letters import DeadLetter, DeadLetterFile, letter_of_record, letter_of_row
from lib.errors import DeadLetterError, StateError, StateLockedError
from lib.progress_state import Progress, ProgressStore
from lib.rds_db_connector import TableIdentity
from lib.records import Record

SOURCE = TableIdentity("127.0.0.1", 3306, "pinterest_data", "pinterest_data", "2026-01-02T03:04:05Z")
LETTER = DeadLetter("state", "pin", "abc.pin", 7, 7, "too large", '{"index":7,"title":"é\\n"}')


def fresh() -> Progress:
    return Progress(SOURCE, "abc.pin", "sequential")


@pytest.fixture
def store(tmp_path: Path) -> ProgressStore:
    return ProgressStore(tmp_path / "state")


@pytest.fixture
def letters(tmp_path: Path) -> DeadLetterFile:
    return DeadLetterFile(tmp_path / "state" / "dead_letters.jsonl")


@given(
    st.builds(
        Progress,
        st.just(SOURCE),
        st.just("abc.pin"),
        st.just("sequential"),
        st.none() | st.integers(0, 2**31),
        st.integers(0, 2**40),
        st.integers(0, 2**40),
        st.integers(0, 2**40),
        st.sets(st.integers(0, 2**31)),
    )
)
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, progress: Progress) -> None:
    store = ProgressStore(tmp_path_factory.mktemp("state"))
    store.save(progress)
    assert store.load(fresh()) == progress


def test_without_a_file_progress_starts_at_the_beginning(store: ProgressStore) -> None:
    assert store.load(fresh()) == fresh()
    assert fresh().position is None


@pytest.mark.parametrize(
    "other",
    [
        Progress(replace(SOURCE, created="2026-01-02T03:04:06Z"), "abc.pin", "sequential"),
        Progress(replace(SOURCE, host="db.example"), "abc.pin", "sequential"),
        Progress(replace(SOURCE, database="other"), "abc.pin", "sequential"),
        Progress(SOURCE, "def.pin", "sequential"),
        Progress(SOURCE, "abc.pin", "course"),
    ],
    ids=["refilled", "other host", "other database", "other user", "other order"],
)
def test_another_source_topic_or_order_has_a_progress_of_its_own(store: ProgressStore, other: Progress) -> None:
    store.save(replace(fresh(), position=9))
    assert store.load(other).position is None


def test_a_kill_between_writing_and_replacing_leaves_the_old_file(store: ProgressStore) -> None:
    store.save(replace(fresh(), position=9))
    (store.folder / f"{fresh().name}.tmp").write_text('{"version":1,"sou')
    assert store.load(fresh()).position == 9


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version":2}', '{"version":1}', '{"version":1,"source":{},"dead_letters":[]}']
)
def test_a_damaged_file_is_an_error_that_names_it(store: ProgressStore, content: str) -> None:
    store.save(fresh())
    (store.folder / f"{fresh().name}.json").write_text(content)
    with pytest.raises(StateError, match=r"abc\.pin.*--restart"):
        store.load(fresh())


def test_a_forgotten_progress_starts_again(store: ProgressStore) -> None:
    store.save(replace(fresh(), position=9))
    store.forget(fresh())
    store.forget(fresh())
    assert store.load(fresh()).position is None


def test_two_runs_cannot_hold_the_same_progress(store: ProgressStore) -> None:
    with store.locked("abc"), pytest.raises(StateLockedError, match="Another run"), store.locked("abc"):
        pass
    with store.locked("abc"), store.locked("other"):
        pass


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="STATE_DIR"):
        ProgressStore(tmp_path / "file" / "state").save(fresh())


def test_dead_letters_are_kept_in_order_and_private(letters: DeadLetterFile) -> None:
    letters.append([LETTER])
    letters.append([replace(LETTER, position=8), replace(LETTER, position=9, key=None, value=None, row={"a": "b"})])
    assert [letter.position for letter in letters.read()] == [7, 8, 9]
    assert letters.read()[0] == LETTER
    assert stat.S_IMODE(letters.path.stat().st_mode) == 0o600
    assert len(letters.path.read_text().splitlines()) == 3


def test_appending_nothing_makes_no_file(letters: DeadLetterFile) -> None:
    letters.append([])
    assert not letters.path.exists()
    assert letters.read() == []


def test_a_line_cut_off_by_a_kill_does_not_count_and_the_next_append_drops_it(letters: DeadLetterFile) -> None:
    letters.append([LETTER])
    with letters.path.open("a") as file:
        file.write('{"progress":"sta')
    assert [letter.position for letter in letters.read()] == [7]
    letters.append([replace(LETTER, position=8)])
    assert [letter.position for letter in letters.read()] == [7, 8]


def test_a_line_that_is_no_dead_letter_is_named(letters: DeadLetterFile) -> None:
    letters.append([LETTER])
    with letters.path.open("a") as file:
        file.write('{"some":"thing"}\n')
    with pytest.raises(DeadLetterError, match=r"Line 2 of .*dead_letters\.jsonl"):
        letters.read()


def test_letters_are_changed_and_removed_in_one_step(letters: DeadLetterFile) -> None:
    letters.append([LETTER, replace(LETTER, position=8), replace(LETTER, position=9)])
    changes = {7: None, 8: replace(LETTER, position=8, reason="still too large")}
    letters.update(lambda letter: changes.get(letter.position, letter))
    assert [(letter.position, letter.reason) for letter in letters.read()] == [(8, "still too large"), (9, "too large")]
    assert stat.S_IMODE(letters.path.stat().st_mode) == 0o600


@given(value=st.binary(max_size=5) | st.text(max_size=20).map(lambda text: text.encode("utf-8", "replace")))
def test_a_record_comes_back_from_its_letter_as_it_was(value: bytes) -> None:
    text = value.decode("utf-8", "replace").encode()
    record = Record(3, None, text, is_json=False)
    assert letter_of_record("state", "geo", "abc.geo", record, "why").record() == record


def test_a_row_json_cannot_hold_is_kept_as_text_for_a_reader() -> None:
    letter = letter_of_row("state", "user", "abc.user", 1, {"ind": 1, "age": float("nan"), "bad": "\ud800"}, 1, "why")
    assert (letter.record(), letter.row) == (None, {"ind": "1", "age": "nan", "bad": "\\ud800"})
