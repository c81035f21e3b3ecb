"""The workspace's notebooks: one folder, the repository's `notebooks/`, under every path that Databricks gives it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from sandbox.servers.jobs.task_settings import NotebookTask

ROOTS = ("/", "Workspace")
FOLDER = "notebooks"


class NotebookMissingError(Exception):
    """A path leads to no notebook; the message is the service's."""


class Workspace:
    """The rule: what follows the last folder called `notebooks` names the notebook below the repository's `notebooks/`;
    a path without such a folder is looked up there as it stands, without `/Workspace`.

    So `/Workspace/Users/me@example.com/kit/notebooks/jobs/load_data`, `/Repos/me/kit/notebooks/jobs/load_data` and
    `/jobs/load_data` are all `notebooks/jobs/load_data.ipynb`. The suffix may be given or not.
    """

    def __init__(self, notebooks: Path) -> None:
        self._notebooks = notebooks.resolve()

    def notebook(self, task: NotebookTask) -> Path:
        """The file of a task's notebook.

        Raises:
            NotebookMissingError: there is none.
        """
        if not task.notebook_path.startswith("/") and task.source != "GIT":
            raise NotebookMissingError(
                f'Invalid notebook path "{task.notebook_path}". Only absolute paths are currently supported. Paths '
                "must begin with '/'."
            )
        path = self._notebooks / below_notebooks(task.notebook_path)
        file = (path if path.suffix == ".ipynb" else path.with_name(f"{path.name}.ipynb")).resolve()
        if not file.is_relative_to(self._notebooks) or not file.is_file():
            raise NotebookMissingError(
                f'Unable to access the notebook "{task.notebook_path}". It does not exist: the sandbox looks for it '
                f"at {FOLDER}/{file.relative_to(self._notebooks) if file.is_relative_to(self._notebooks) else '..'}."
            )
        return file


def below_notebooks(path: str) -> PurePosixPath:
    """A workspace path as one below the repository's `notebooks/`."""
    parts = list(PurePosixPath(path).parts)
    if FOLDER in parts:
        return PurePosixPath(*parts[len(parts) - parts[::-1].index(FOLDER) :])
    while parts and parts[0] in ROOTS:
        parts.pop(0)
    return PurePosixPath(*parts)
