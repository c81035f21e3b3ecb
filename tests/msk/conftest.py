"""The API and a worker over the test sandbox: one pair for the tests that leave them alive, one for each other test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msk_helpers import Msk


@pytest.fixture(scope="session")
def msk(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Msk]:
    """Both, running, for all tests that neither stop nor kill them."""
    running = Msk(sandbox, tmp_path_factory.mktemp("msk"))
    yield from served(running)


@pytest.fixture
def mortal_msk(sandbox: Any, tmp_path: Path) -> Iterator[Msk]:
    """Both, running, for a test that may kill them."""
    yield from served(Msk(sandbox, tmp_path))


def served(running: Msk) -> Iterator[Msk]:
    running.upload_plugin()
    running.start()
    try:
        yield running
        running.delete_connectors()
        running.stop()
    finally:
        for process in (running.api, running.worker):
            if process is not None:
                process.kill()
                process.wait()
        running.clean()
