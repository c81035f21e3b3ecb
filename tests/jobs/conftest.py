"""One Jobs service for a module's tests."""

from collections.abc import Iterator

import pytest
from jobs_process import JobsProcess


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobsProcess]:
    process = JobsProcess(tmp_path_factory.mktemp("jobs"))
    yield process
    process.stop()
