"""The jobs of a collector that sends mail."""

from __future__ import annotations

from functools import partial

from askfirst_collector.jobs.table import MINUTE, Job
from askfirst_collector.letters.deliver import deliver_mails, queue_due
from askfirst_collector.letters.smtp import Post


def letter_jobs(post: Post) -> tuple[Job, ...]:
    """What is due is looked for every ten minutes; what waits is sent at once."""
    return (
        Job("letters", 10 * MINUTE, queue_due),
        Job("mail", 0, partial(deliver_mails, post=post)),
    )
