"""Rivals: calls in threads with connections of their own, and locks that make them meet."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

from mail import selectors
from mail.models import Box, DeliveredPost, Tombstone, User

PATIENCE = 300  # seconds, after which a test that hangs is ended; nothing is measured by it


class Rival[T]:
    """A call in a thread; the thread has its own connection, as every request has."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._result: list[T] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result.append(self._call())
        except Exception as error:  # noqa: BLE001 - raised again, where the result is asked for
            self._error = error
        finally:
            connection.close()

    def is_done(self) -> bool:
        return not self._thread.is_alive()

    def result(self) -> T:
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            raise TimeoutError("the rival does not come to an end")
        if self._error:
            raise self._error
        return self._result[0]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for did not happen")
        time.sleep(0.005)


def waiting() -> int:
    """How many connections to this database wait for a lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND wait_event_type = 'Lock'
                 AND backend_type = 'client backend'"""
        )
        return int(cursor.fetchone()[0])


def until_waiting(count: int) -> None:
    until(lambda: waiting() == count)


@contextmanager
def another_connection() -> Iterator[psycopg.Connection]:
    params = connection.get_connection_params()
    with psycopg.connect(**params, autocommit=True) as other:
        yield other


@contextmanager
def held(*boxes: Box) -> Iterator[None]:
    """The counters of some boxes, locked by somebody else until the block ends."""
    with another_connection() as other, other.transaction():
        other.execute(
            "SELECT FROM mail_boxcounter WHERE box_id = ANY (%s) FOR NO KEY UPDATE",
            [[box.pk for box in boxes]],
        )
        yield


def found(user: User, folder: str = "") -> list[str]:
    """The subjects in a person's box in the order of their uids, without a sync."""
    rows = DeliveredPost.objects.filter(box=selectors.boxes.own_box(user, folder))
    return list(rows.order_by("uid").values_list("subject", flat=True))


def uids(box: Box) -> list[int]:
    """Every uid that a box shows or remembers, in order."""
    rows = DeliveredPost.objects.filter(box=box).values_list("uid", flat=True)
    gone = Tombstone.objects.filter(box=box).values_list("uid", flat=True)
    return sorted([*rows, *gone])
