"""Whatever a call brings, the service answers in its own form, and lives on."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jobs_process import JobsProcess

CALLS = (
    "create",
    "reset",
    "update",
    "delete",
    "run-now",
    "runs/submit",
    "runs/cancel",
    "runs/cancel-all",
    "runs/delete",
)
READS = ("get", "list", "runs/get", "runs/get-output", "runs/list")

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)
TASK = st.fixed_dictionaries(
    {"task_key": st.sampled_from(["a", "b"]) | ANYTHING},
    optional={
        "notebook_task": st.just({"notebook_path": "/nowhere"}) | ANYTHING,
        "depends_on": st.just([{"task_key": "a"}]) | ANYTHING,
        "max_retries": ANYTHING,
        "timeout_seconds": ANYTHING,
        "run_if": ANYTHING,
    },
)
FIELDS: dict[str, Any] = {
    **dict.fromkeys(("run_id", "job_id"), st.integers(0, 40) | ANYTHING),
    "tasks": st.lists(TASK, max_size=2) | ANYTHING,
    "new_settings": st.fixed_dictionaries({"tasks": st.lists(TASK, max_size=2)}) | ANYTHING,
    "parameters": st.just([{"name": "p", "default": "d"}]) | ANYTHING,
    **dict.fromkeys(("name", "run_name", "idempotency_token", "limit", "page_token", "job_parameters"), ANYTHING),
    **dict.fromkeys(("fields_to_remove", "queue", "max_concurrent_runs", "start_time_from", "active_only"), ANYTHING),
}
ARGUMENTS = st.fixed_dictionaries({}, optional=FIELDS)


@pytest.mark.parametrize("call", CALLS + READS)
def test_no_call_breaks_the_service(jobs: JobsProcess, call: str) -> None:
    method = "GET" if call in READS else "POST"

    @settings(max_examples=25)
    @given(ARGUMENTS)
    def each(arguments: dict[str, Any]) -> None:
        answer = jobs.call(method, f"jobs/{call}", json=arguments)
        assert answer.status_code in (200, 400), (arguments, answer.text)
        assert answer.status_code == 200 or answer.json()["error_code"]

    each()
