"""What the service refuses, in its own form: an HTTP status and ``{"error_code", "message"}``."""

from __future__ import annotations


class ApiError(Exception):
    """A call that is refused.

    Attributes:
        status: of HTTP.
        code: the service's `error_code`; a number where no token or a wrong one came, as the service answers.
        message: for people.
    """

    def __init__(self, status: int, code: str | int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    @property
    def document(self) -> dict[str, str | int]:
        """The answer's body."""
        return {"error_code": self.code, "message": self.message}


def invalid(message: str) -> ApiError:
    """A parameter is missing, malformed, or names what does not exist: the Jobs API answers all of them alike."""
    return ApiError(400, "INVALID_PARAMETER_VALUE", message)


def no_such_run(run_id: int) -> ApiError:
    """No run, and no run of a task, has this id."""
    return invalid(f"Run {run_id} does not exist.")


def no_such_job(job_id: int) -> ApiError:
    """No job has this id."""
    return invalid(f"Job {job_id} does not exist.")


def not_offered(method: str, path: str) -> ApiError:
    """The service knows no such call, or the sandbox does not offer it. A client gives up at once, as it should."""
    return ApiError(404, "ENDPOINT_NOT_FOUND", f"No API found for '{method} {path}' in the sandbox.")
