"""Take posts out of boxes: the one removal. What leaves a box leaves a tombstone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from mail.db import BATCH
from mail.delivery.counters import LOCKED, RAISED, announce

# Takes `chosen` out of the boxes that were `raised`.
TAKEN = """gone AS (
    DELETE FROM mail_deliveredpost d USING chosen c JOIN raised r ON r.box_id = c.box_id
    WHERE d.box_id = c.box_id AND d.uid = c.uid
    RETURNING d.box_id, d.uid, d.post_id, r.modseq
), buried AS (
    INSERT INTO mail_tombstone (box_id, uid, post_id, modseq, at)
    SELECT box_id, uid, post_id, modseq, statement_timestamp() FROM gone
    RETURNING box_id, uid
)"""
_REMOVE = f"""
WITH chosen AS MATERIALIZED ({{}}), counted AS (
    SELECT DISTINCT box_id, 0 AS uids FROM chosen
), {LOCKED}, {RAISED}, {TAKEN}
SELECT box_id, uid FROM buried
"""


def remove(box_id: int, uids: Sequence[int]) -> list[int]:
    """Take posts out of a box; return the uids of those that were there."""
    chosen = """SELECT box_id, uid FROM mail_deliveredpost
                WHERE box_id = %(box_id)s AND uid = ANY (%(uids)s::bigint[])"""
    return [uid for _, uid in _removed(chosen, {"box_id": box_id, "uids": list(uids)})]


def remove_moved(box_ids: Sequence[int], before: datetime) -> int:
    """Remove one batch of what was moved into boxes before a time; return how many."""
    chosen = """SELECT box_id, uid FROM mail_deliveredpost
                WHERE box_id = ANY (%(box_ids)s::bigint[]) AND moved < %(before)s LIMIT %(batch)s"""
    params = {"box_ids": list(box_ids), "before": before, "batch": BATCH}
    return len(_removed(chosen, params))


def withdraw(post_id: UUID, box_ids: Sequence[int]) -> int:
    """Take a post out of boxes, in one statement; return out of how many."""
    chosen = """SELECT box_id, uid FROM mail_deliveredpost
                WHERE box_id = ANY (%(box_ids)s::bigint[]) AND post_id = %(post_id)s"""
    return len(_removed(chosen, {"box_ids": list(box_ids), "post_id": post_id}))


def _removed(chosen: str, params: dict[str, Any]) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE.format(chosen), params)
        found: list[tuple[int, int]] = cursor.fetchall()
    announce(box_id for box_id, _ in found)
    return found
