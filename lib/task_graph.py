"""The graph of a DAG and the times of its tasks, as steps, as a picture, and as a Gantt chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lib.errors import CourseError

COLOURS = {"success": "#2e7d32", "failed": "#c62828", "running": "#1565c0", "up_for_retry": "#ef6c00"}


class CyclicGraphError(CourseError):
    """The tasks wait for one another in a circle: no scheduler could begin."""


def steps_of(edges: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """The tasks in steps: each task stands as early as those before it allow, and a step's tasks may run side by side.

    Args:
        edges: each task with those that follow it.

    Raises:
        CyclicGraphError: there is a circle.
    """
    before = {task: {one for one, following in edges.items() if task in following} for task in edges}
    steps: list[list[str]] = []
    done: set[str] = set()
    while len(done) < len(edges):
        ready = sorted(task for task in edges if task not in done and before[task] <= done)
        if not ready:
            raise CyclicGraphError(f"{', '.join(sorted(set(edges) - done))} wait for one another.")
        steps.append(ready)
        done.update(ready)
    return steps


def draw_graph(edges: Mapping[str, Sequence[str]]) -> None:
    """Draw the tasks as boxes, a step a column, with an arrow to each task that follows."""
    import matplotlib.pyplot as plt

    columns = steps_of(edges)
    places = {task: (x, (len(step) - 1) / 2 - y) for x, step in enumerate(columns) for y, task in enumerate(step)}
    _, axes = plt.subplots(figsize=(9, 1 + max(map(len, columns)) * 0.7), layout="constrained")
    box = {"boxstyle": "round,pad=0.4", "fc": "#e3f2fd", "ec": "#1565c0"}
    drawn = {task: axes.text(*place, task, ha="center", va="center", bbox=box) for task, place in places.items()}
    for task, following in edges.items():
        for name in following:
            arrow = {"arrowstyle": "->", "shrinkA": 6, "shrinkB": 6, "patchA": drawn[task].get_bbox_patch()}
            arrow["patchB"] = drawn[name].get_bbox_patch()
            axes.annotate("", xy=places[name], xytext=places[task], arrowprops=arrow)
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(-max(map(len, columns)) / 2, max(map(len, columns)) / 2))
    axes.set_title("Each task runs after all tasks that point at it")
    axes.axis("off")
    plt.show()


def draw_gantt(tasks: Sequence[Mapping[str, Any]]) -> None:
    """Draw when each task of a run began and how long it took, in the order in which they began.

    Args:
        tasks: as `lib.airflow_client.AirflowClient.tasks` gives them.
    """
    import matplotlib.pyplot as plt

    ran = [task for task in tasks if task["start_date"] and task["end_date"]]
    times = [[datetime.fromisoformat(task[name]).timestamp() for name in ("start_date", "end_date")] for task in ran]
    zero = min((began for began, _ in times), default=0.0)
    _, axes = plt.subplots(figsize=(9, 1 + 0.5 * len(ran)), layout="constrained")
    for task, (began, ended) in zip(ran, times, strict=True):
        bar = axes.barh(task["task_id"], ended - began, left=began - zero, color=COLOURS.get(task["state"], "grey"))
        axes.bar_label(bar, [f"{ended - began:.1f} s"], padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set(title="When each task ran", xlabel="seconds after the first task began", ylabel="task")
    plt.show()
