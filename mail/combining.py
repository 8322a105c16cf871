"""Those who write to the same boxes at the same moment share one transaction.

One counter is locked by one transaction at a time, and each costs a flush to disk, so that a hot
group would be as slow as the disk. While one delivery is on its way, others of this process to
the same recipients gather here; the first of them then takes all along.
"""

import threading
from collections.abc import Sequence

from django.db import connection

from mail.delivery import Delivered, Delivery, insert, retried


class _Job:
    """A delivery whose thread sleeps until it is done, or is to lead a batch that it is part of."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.rows: list[Delivered] | None = None
        self.error: Exception | None = None
        self.batch: list[_Job] = []
        self.woken = threading.Event()

    @property
    def is_done(self) -> bool:
        return self.rows is not None or self.error is not None


_guard = threading.Lock()
# Those who wait, by the boxes that they share; the key is there while somebody leads.
_waiting: dict[tuple[int, ...], list[_Job]] = {}


def insert_together(delivery: Delivery, shared: Sequence[int]) -> list[Delivered]:
    """What `insert` does for one delivery; `shared` are the boxes that others may write to, too.

    Raises what `insert` raised for this delivery.
    """
    if connection.in_atomic_block:  # nobody else's delivery may depend on its end
        return insert([delivery])
    key, job = tuple(shared), _Job(delivery)
    if not _leads_at_once(key, job):
        job.woken.wait()
    if job.batch:
        try:
            _run(job.batch)
        finally:
            _hand_over(key, job)
    if job.error:
        raise job.error
    return job.rows or []


def _leads_at_once(key: tuple[int, ...], job: _Job) -> bool:
    with _guard:
        if key in _waiting:
            _waiting[key].append(job)
            return False
        _waiting[key] = []
    job.batch = [job]
    return True


def _hand_over(key: tuple[int, ...], leader: _Job) -> None:
    """Wake those who are done, and the next leader, with all who wait by now."""
    others = [job for job in leader.batch if job is not leader]
    with _guard:
        # Where the leader was stopped in the middle, the rest is not done and goes first.
        waiting = [job for job in others if not job.is_done] + _waiting[key]
        if waiting:
            waiting[0].batch, _waiting[key] = waiting, []
        else:
            del _waiting[key]
    for job in [*waiting[:1], *(job for job in others if job.is_done)]:
        job.woken.set()


def _run(batch: Sequence[_Job]) -> None:
    try:
        rows = retried(lambda: insert([job.delivery for job in batch]))
    except Exception as error:  # noqa: BLE001 - raised again, in the thread whose job it is
        if len(batch) == 1:
            batch[0].error = error
            return
        for job in batch:  # one that cannot be delivered stops nobody else
            _run([job])
        return
    for job in batch:
        job.rows = [row for row in rows if row.post_id == job.delivery.post_id]
