"""The poller of supervisord: what is in error is forgotten, what can be read is told."""

import os
from collections.abc import Iterator

import pytest

from sandbox.supervisord import ForgettingPoller


@pytest.fixture
def poller() -> Iterator[ForgettingPoller]:
    made = ForgettingPoller(None)
    yield made
    made.close()


def test_the_stdin_of_a_program_that_has_closed_it_is_told_once(poller: ForgettingPoller) -> None:
    theirs, ours = os.pipe()
    os.close(theirs)
    poller.register_readable(ours)
    assert len(poller._poller.poll(0)) == 1
    assert poller.poll(0) == ([], [])
    assert poller._poller.poll(0) == []
    os.close(ours)


def test_what_can_be_read_is_told_until_it_is_read(poller: ForgettingPoller) -> None:
    ours, theirs = os.pipe()
    poller.register_readable(ours)
    os.write(theirs, b"x")
    assert poller.poll(0) == poller.poll(0) == ([ours], [])
    os.read(ours, 1)
    assert poller.poll(0) == ([], [])
    os.close(ours)
    os.close(theirs)
