"""Take posts out of every box."""

import time
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.db import connection

from mail.db import BATCH, retried

WRITERS_AWAITED = 3.0  # seconds


_WITHDRAW = """
WITH locked AS MATERIALIZED (
    SELECT box_id FROM mail_boxcounter WHERE box_id = ANY (%s::bigint[])
    ORDER BY box_id FOR NO KEY UPDATE
), counted AS (
    UPDATE mail_boxcounter c SET modseq = c.modseq + 1 FROM locked
    WHERE c.box_id = locked.box_id RETURNING c.box_id, c.modseq
), gone AS (
    DELETE FROM mail_deliveredpost d USING counted
    WHERE d.box_id = counted.box_id AND d.post_id = %s
    RETURNING d.box_id, d.uid, d.post_id, counted.modseq
)
INSERT INTO mail_tombstone (box_id, uid, post_id, modseq, at)
SELECT box_id, uid, post_id, modseq, statement_timestamp() FROM gone
"""


def withdraw(post_id: UUID, box_ids: Sequence[int]) -> int:
    """Take a post out of boxes, in one statement; says out of how many."""
    with connection.cursor() as cursor:
        cursor.execute(_WITHDRAW, [list(box_ids), post_id])
        return int(cursor.rowcount)


def remove_everywhere(post_id: UUID) -> int:
    """Take a post out of all boxes, also where a pull is just putting it; says out of how many.

    The post must be recalled already, and committed as such.
    """
    removed = sweep(post_id)
    while True:
        # A pull writes (it locks its box) before it reads. So those that read the post in a source
        # before the sweep took it from there are among the transactions that are waited for, and
        # what they have put is found next. Where nothing is found, nothing can be read any more.
        _await_writers()
        if not (found := sweep(post_id)):
            return removed
        removed += found


def sweep(post_id: UUID) -> int:
    """Take a post out of all boxes that have it by now, a batch at a time; says out of how many."""
    removed = 0
    # A batch may be moved to other boxes before it is locked: the end is when no box has the post.
    while box_ids := _boxes_with(post_id):
        removed += retried(partial(withdraw, post_id, box_ids))
    return removed


def _await_writers() -> None:
    """Wait until all transactions that have written something by now have ended, or for a while.

    A pull takes milliseconds: whatever takes longer is none. Inside a transaction there is no
    waiting, since it would be for its own end.
    """
    if connection.in_atomic_block:
        return
    until = time.monotonic() + WRITERS_AWAITED
    with connection.cursor() as cursor:
        # A number of our own is above all given out so far; a snapshot's end may be below some.
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (own,) = cursor.fetchone()
        while time.monotonic() < until:
            cursor.execute(
                "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > %s", [own]
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.005)


def _boxes_with(post_id: UUID) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT d.box_id FROM mail_deliveredpost d JOIN mail_boxcounter c USING (box_id)
               WHERE d.post_id = %s LIMIT %s""",
            [post_id, BATCH],
        )
        return [box_id for (box_id,) in cursor.fetchall()]
