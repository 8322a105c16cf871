"""The counters of boxes: locked, and read."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection


class Counter(NamedTuple):
    last_uid: int
    modseq: int


def lock(box_ids: Sequence[int]) -> dict[int, Counter]:
    """Lock counters until the transaction ends, in a statement of its own, in box order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT box_id, last_uid, modseq FROM mail_boxcounter
               WHERE box_id = ANY ((SELECT %s::bigint[])::bigint[])
               ORDER BY box_id FOR NO KEY UPDATE""",
            [sorted(box_ids)],
        )
        return {box_id: Counter(*rest) for box_id, *rest in cursor.fetchall()}
