"""What an operator watches, in the text format of Prometheus: nothing of it is about a visitor.

No counter moves with a visit: whoever reads often would see each of them, below every cell size.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from askfirst import __version__
from askfirst.errors import CollectorUnavailable
from askfirst_collector.jobs.table import JOBS
from askfirst_collector.runtime.health import health
from askfirst_collector.services import Services
from askfirst_collector.store.job_times import read_times

TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Sample:
    """One value of a metric."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def metrics(parts: Services) -> str:
    """Every metric, as `GET /metrics` answers it; what cannot be read is left out. Never raises."""
    report = health(parts)
    faults: Mapping[str, str] = report["parts"]  # type: ignore[assignment]
    lines = [
        *_gauge("build_info", "The version that runs.", [Sample(1, {"version": __version__})]),
        *_gauge("up", "1 while what comes in can be stored.", [Sample(report["status"] == "ok")]),
        *_gauge(
            "part_up",
            "1 while a part is well; which they are: docs/host.md.",
            [Sample(state == "ok", {"part": part}) for part, state in faults.items()],
        ),
        *_gauge("disk_free_bytes", "Free where the data folder is.", _free(parts)),
        *_gauge("spool_waiting", "1 while a withdrawal waits to be told.", _waiting(parts)),
        *_gauge("sites", "Sites that have published a policy.", _sites(parts)),
        *_gauge("job_last_run_seconds", "When a job last ran, in unix seconds.", _jobs(parts)),
    ]
    return "\n".join(lines) + "\n"


def _gauge(name: str, help: str, samples: Iterable[Sample]) -> Iterator[str]:
    yield f"# HELP askfirst_{name} {help}"
    yield f"# TYPE askfirst_{name} gauge"
    for sample in samples:
        # Names and values of labels are ours: nothing in them has to be escaped.
        labels = ",".join(f'{key}="{value}"' for key, value in sample.labels.items())
        yield (
            f"askfirst_{name}{{{labels}}} {sample.value:.15g}"
            if labels
            else (f"askfirst_{name} {sample.value:.15g}")
        )


def _free(parts: Services) -> list[Sample]:
    try:
        return [Sample(shutil.disk_usage(parts.folder.path).free)]
    except OSError:
        return []


def _waiting(parts: Services) -> list[Sample]:
    try:
        return [Sample(bool(parts.spool.handles()))]
    except CollectorUnavailable:
        return []


def _sites(parts: Services) -> list[Sample]:
    try:
        return [Sample(len(parts.registry.sites()))]
    except CollectorUnavailable:
        return []


def _jobs(parts: Services) -> list[Sample]:
    try:
        times = read_times(parts.engine, [job.name for job in JOBS if job.seconds])
    except CollectorUnavailable:
        return []
    return [Sample(last, {"job": name}) for name, last in sorted(times.items())]
