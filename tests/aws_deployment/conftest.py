"""An emulated account for each test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from emulated_account import EmulatedAccount


@pytest.fixture
def account(tmp_path: Path) -> Iterator[EmulatedAccount]:
    """An account without anything in it."""
    account = EmulatedAccount(tmp_path)
    try:
        yield account.start()
    finally:
        account.stop()
