"""The picture of a run of the streaming job: how much came, and how late."""

from __future__ import annotations

from itertools import pairwise

from lib.stream_job import StreamRun


def draw_run(run: StreamRun) -> None:
    """Above: records a second of each table. Below: how long a batch's records had waited, on average, from their
    arrival in Kinesis to the commit. A run that had nothing to take says so in its title."""
    import matplotlib.pyplot as plt
    from matplotlib.dates import DateFormatter

    _, (rates, latencies) = plt.subplots(2, 1, sharex=True, figsize=(9, 5), layout="constrained")
    for table, tallies in run.tallies.items():
        pairs = list(pairwise(tallies))
        rates.plot([now.at for _, now in pairs], [now.rate_since(then) for then, now in pairs], marker="o", label=table)
        batches = [batch for batch in run.batches if batch.table == table]
        latencies.plot([batch.committed_at for batch in batches], [batch.latency for batch in batches], marker="o")
    nothing = "" if run.batches else ": nothing new, all was taken by an earlier run"
    rates.set(title=f"Rate and latency of the stream's tables{nothing}", ylabel="records a second")
    rates.legend()
    latencies.set(ylabel="latency in seconds", xlabel="time (UTC)")
    latencies.xaxis.set_major_formatter(DateFormatter("%H:%M:%S"))
    for axes in (rates, latencies):
        axes.set_ylim(bottom=0)
    plt.show()
