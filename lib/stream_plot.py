"""The picture of a run of the streaming job: how much came, and how late."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from lib.stream_job import StreamRun


def draw_run(run: StreamRun) -> None:
    """Above: records a second of each table. Below: how long a batch's records had waited, on average, from their
    arrival in Kinesis to the commit. Bars where no table had more than one batch, lines over time else."""
    import matplotlib.pyplot as plt

    _, (rates, latencies) = plt.subplots(2, 1, figsize=(9, 5), layout="constrained")
    most = max(sum(batch.table == table for batch in run.batches) for table in run.tallies)
    (_lines if most > 1 else _bars)(run, rates, latencies)
    nothing = "" if run.batches else ": nothing new, all was taken by an earlier run"
    rates.set(title=f"Rate and latency of the stream's tables{nothing}", ylabel="records a second")
    latencies.set(ylabel="latency in seconds")
    for axes in (rates, latencies):
        axes.set_ylim(0, max(1.0, 1.15 * axes.dataLim.ymax))
    plt.show()


def _bars(run: StreamRun, rates: Any, latencies: Any) -> None:
    for table, tallies in run.tallies.items():
        latency = [batch.latency for batch in run.batches if batch.table == table]
        for axes, value in ((rates, tallies[-1].rate_since(tallies[0])), (latencies, sum(latency))):
            axes.bar_label(axes.bar(table, value), fmt="%.1f")
    latencies.set_xlabel("table")


def _lines(run: StreamRun, rates: Any, latencies: Any) -> None:
    from matplotlib.dates import DateFormatter

    for table, tallies in run.tallies.items():
        pairs = list(pairwise(tallies))
        rates.plot([now.at for _, now in pairs], [now.rate_since(then) for then, now in pairs], marker="o", label=table)
        batches = [batch for batch in run.batches if batch.table == table]
        latencies.plot([batch.committed_at for batch in batches], [batch.latency for batch in batches], marker="o")
    rates.legend()
    latencies.sharex(rates)
    latencies.xaxis.set_major_formatter(DateFormatter("%H:%M:%S"))
    latencies.set_xlabel("time (UTC)")
