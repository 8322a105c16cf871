"""Take a recalled post out of every box, also where a pull is just putting it.

A pull that read the post in a source before it was taken from there may commit afterwards. So a
recall looks twice: once at once, and again when every transaction that was writing in between has
ended. Nobody waits for that: what cannot be finished at once is finished by the pending work.
"""

from functools import partial
from uuid import UUID

from django.db import connection

from mail.db import BATCH, retried
from mail.delivery.remove import withdraw
from mail.models import Recall


def take_back(post_id: UUID) -> int:
    """Take a recalled post out of all boxes as far as they have it; return out of how many.

    The post must be marked as recalled already, and committed as such.
    """
    Recall.objects.bulk_create([Recall(post_id=post_id)], ignore_conflicts=True)
    removed = sweep(post_id)
    Recall.objects.filter(pk=post_id).update(fence=_fence())
    return removed + finish(post_id)


def finish(post_id: UUID) -> int:
    """Look for copies that were on their way; return how many there were.

    Without an effect while a transaction that wrote before the last look is still open.
    """
    removed = 0
    while _passed(post_id):
        found = sweep(post_id)
        removed += found
        # What was found may have been read by others before it was taken out.
        recall = Recall.objects.filter(pk=post_id)
        if found:
            recall.update(fence=_fence())
        else:
            recall.delete()
    return removed


def sweep(post_id: UUID) -> int:
    """Take a post out of all boxes that have it by now, a batch at a time; return how many."""
    removed = 0
    # A batch may be moved to other boxes before it is locked: the end is when no box has the post.
    while box_ids := _boxes_with(post_id):
        removed += retried(partial(withdraw, post_id, box_ids))
    return removed


def _fence() -> int:
    """Return a number of our own: it is above those of all transactions that have written yet."""
    # A pull writes (it locks its box) before it reads, so it has its number by then. The end of a
    # snapshot may be below some numbers, and would not do.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        return int(cursor.fetchone()[0])


_PASSED = """
SELECT EXISTS (
    SELECT FROM mail_recall WHERE post_id = %s
    AND coalesce(fence < pg_snapshot_xmin(pg_current_snapshot())::text::bigint, FALSE))
"""


def _passed(post_id: UUID) -> bool:
    """Tell whether a recall is unfinished, and nobody writes any more who did at its last look."""
    with connection.cursor() as cursor:
        cursor.execute(_PASSED, [post_id])
        return bool(cursor.fetchone()[0])


def _boxes_with(post_id: UUID) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT d.box_id FROM mail_deliveredpost d JOIN mail_boxcounter c USING (box_id)
               WHERE d.post_id = %s LIMIT %s""",
            [post_id, BATCH],
        )
        return [box_id for (box_id,) in cursor.fetchall()]
