"""Those who write to the same boxes at the same moment share one transaction.

One counter is locked by one transaction at a time, and each costs a flush to disk, so that a hot
group would be as slow as the disk. While one delivery is on its way, others of this process to
the same recipients gather here; the first then takes them along, turn by turn. It does so itself,
since to wake another thread for each turn takes longer than the turn.
"""

import threading
import time
from collections.abc import Sequence

from django.db import connection

from mail.db import retried
from mail.delivery.insert import Delivered, Delivery, insert, put, withdraw_returned

TURNS = 8  # that one thread does for others, before the next one takes over
# Between turns of a crowd: who was just woken may be back with the next one, and would miss it.
GATHERING = 0.00015  # seconds


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
        _lead(key, job)
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


def _lead(key: tuple[int, ...], leader: _Job) -> None:
    """Do the leader's batch, then for some turns what has gathered meanwhile."""
    batch, redelivered = leader.batch, list[Delivered]()
    try:
        for _ in range(TURNS):
            redelivered += _run(batch)
            _wake(batch)
            if len(batch) > 1:
                time.sleep(GATHERING)
            batch = _gathered(key)
            if not batch:
                break
    finally:
        if batch:
            _hand_over(key, batch, leader)
    withdraw_returned(redelivered)  # nobody need wait for that


def _wake(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        job.woken.set()


def _gathered(key: tuple[int, ...]) -> list[_Job]:
    """Take all who wait; where nobody does, nobody leads any longer."""
    with _guard:
        if waiting := _waiting[key]:
            _waiting[key] = []
        else:
            del _waiting[key]
    return waiting


def _hand_over(key: tuple[int, ...], batch: Sequence[_Job], leader: _Job) -> None:
    """Wake the next leader, with all who wait by now; a leader may be stopped in the middle."""
    left = [job for job in batch if job is not leader and not job.is_done]
    with _guard:
        if left := left + _waiting[key]:
            left[0].batch, _waiting[key] = left, []
        else:
            del _waiting[key]
    _wake([*left[:1], *(job for job in batch if job.is_done)])


def _run(batch: Sequence[_Job]) -> list[Delivered]:
    """Do all jobs of a batch; the new rows that may have to be withdrawn."""
    try:
        inserted = retried(lambda: put([job.delivery for job in batch]))
    except Exception as error:  # noqa: BLE001 - raised again, in the thread whose job it is
        if len(batch) == 1:
            batch[0].error = error
            return []
        # One that cannot be delivered stops nobody else.
        return [row for job in batch for row in _run([job])]
    for job in batch:
        job.rows = [row for row in inserted.rows if row.post_id == job.delivery.post_id]
    return inserted.redelivered
