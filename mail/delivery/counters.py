"""The counters of boxes: the only statements that lock or raise one.

A statement that changes boxes says which in a CTE `counted (box_id, uids)`, with the number of
uids that each gives out, and goes on with what `LOCKED` and `RAISED` define. Whoever has the
counters locked already names that CTE `changed` and leaves `LOCKED` out.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import NamedTuple

from django.db import connection, transaction
from django.dispatch import Signal

# Sent after the commit, with `box_ids`: the boxes that a transaction changed.
boxes_changed = Signal()


class Counter(NamedTuple):
    """A counter that is locked: the last uid given out, and the last change."""

    last_uid: int
    modseq: int


LOCK = """
SELECT box_id, last_uid, modseq FROM mail_boxcounter
WHERE box_id = ANY ((SELECT %(box_ids)s::bigint[])::bigint[])
ORDER BY box_id FOR NO KEY UPDATE
"""

# The rows of an UPDATE come in any order, so all locks are taken before the first of them.
LOCKED = """locked AS MATERIALIZED (
    SELECT box_id FROM mail_boxcounter WHERE box_id = ANY (ARRAY(SELECT box_id FROM counted))
    ORDER BY box_id FOR NO KEY UPDATE
), changed AS (
    SELECT box_id, uids FROM counted WHERE (SELECT count(*) FROM locked) > 0
)"""

RAISED = """raised AS (
    UPDATE mail_boxcounter c SET last_uid = c.last_uid + n.uids, modseq = c.modseq + 1
    FROM changed n WHERE c.box_id = n.box_id
    RETURNING c.box_id, c.last_uid - n.uids AS base, c.modseq
)"""


def lock(box_ids: Sequence[int]) -> dict[int, Counter]:
    """Lock counters until the transaction ends, in a statement of its own, in box order."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, {"box_ids": sorted(box_ids)})
        return {box_id: Counter(*rest) for box_id, *rest in cursor.fetchall()}


def announce(box_ids: Iterable[int]) -> None:
    """Send `boxes_changed` for boxes whose counters were raised, once that is committed."""
    if changed := frozenset(box_ids):
        transaction.on_commit(partial(boxes_changed.send, sender=None, box_ids=changed))
