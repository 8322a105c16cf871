"""Those who write to the same boxes at the same moment share one transaction.

One counter is locked by one transaction at a time, and each costs a flush to disk, so that a hot
group would be as slow as the disk. While one delivery is on its way, others of this process to
the same recipients gather here; the next of them takes all along.
"""

import threading
from collections.abc import Sequence

from django.db import connection

from mail.delivery import Delivered, Delivery, insert, retried


class _Job:
    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self.rows: list[Delivered] | None = None
        self.error: Exception | None = None


class _Queue:
    def __init__(self) -> None:
        self.leading = threading.Lock()
        self.waiting: list[_Job] = []
        self.users = 0


_guard = threading.Lock()
_queues: dict[tuple[int, ...], _Queue] = {}


def insert_together(delivery: Delivery, shared: Sequence[int]) -> list[Delivered]:
    """What `insert` does for one delivery; `shared` are the boxes that others may write to, too.

    Raises what `insert` raised for this delivery.
    """
    if connection.in_atomic_block:  # nobody else's delivery may depend on its end
        return insert([delivery])
    key, job = tuple(shared), _Job(delivery)
    with _guard:
        queue = _queues.setdefault(key, _Queue())
        queue.waiting.append(job)
        queue.users += 1
    try:
        with queue.leading:
            if job.rows is None and job.error is None:
                _lead(queue, job)
    finally:
        with _guard:
            queue.users -= 1
            if not queue.users:
                del _queues[key]
    if job.error:
        raise job.error
    return job.rows or []


def _lead(queue: _Queue, own: _Job) -> None:
    with _guard:
        batch, queue.waiting = queue.waiting, []
    # A leader that was interrupted took the job out of the queue, and did nothing with it.
    _run(batch if own in batch else [own, *batch])


def _run(batch: list[_Job]) -> None:
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
