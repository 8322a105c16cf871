"""Put posts into boxes: the one insert of delivered posts."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from mail.delivery.counters import LOCKED, RAISED, announce
from mail.delivery.remove import withdraw


class Delivery(NamedTuple):
    """A post on its way into boxes; what lands in `read_box_ids` arrives read.

    So does what lands in a box that has muted the conversation.
    """

    post_id: UUID
    thread: UUID
    subject: str
    sender_name: str
    box_ids: Sequence[int]
    read_box_ids: Sequence[int] = ()


class Delivered(NamedTuple):
    """A new row."""

    box_id: int
    uid: int
    post_id: UUID


class Inserted(NamedTuple):
    """New rows, and those of them that `withdraw_returned` has to look at."""

    rows: list[Delivered]
    redelivered: list[Delivered]


# The one insert, of `placed`: `nth` is a row's place among the new ones of its box, from 1. Whoever
# uses it has defined `raised`, so the uids are given out under the lock of the box's counter.
INSERTED = """
    INSERT INTO mail_deliveredpost (box_id, uid, post_id, source_id, delivered, read_at, flags,
                                    modseq, moved, subject, sender_name)
    SELECT p.box_id, r.base + p.nth, p.post_id, p.source_id, p.delivered, p.read_at, p.flags,
           r.modseq, p.moved, p.subject, p.sender_name
    FROM placed p JOIN raised r ON r.box_id = p.box_id
    RETURNING box_id, uid, post_id, modseq
"""

# `placed`, of `fresh`: posts that arrive in a box now. The one rule for muting: a post arrives read
# where whoever brings it says so (`is_read`), or where the box has muted its conversation.
ARRIVING = """
    SELECT f.box_id, f.nth, f.post_id, f.source_id, statement_timestamp() AS delivered,
           CASE WHEN f.is_read OR (
               SELECT m.box_id FROM mail_mutedthread m
               WHERE m.box_id = f.box_id AND m.thread = f.thread
           ) IS NOT NULL THEN statement_timestamp() END AS read_at,
           NULL::varchar[] AS flags, NULL::timestamptz AS moved, f.subject, f.sender_name
    FROM fresh f
"""

# The arrays come by way of sub-selects, so that the planner does not look into them and plan again
# each time. And that a box has, or has had, a post is asked for by the next post in the index
# (box, post): any other way to ask lets the planner read the whole box where boxes are small on
# average.
_INSERT = f"""
WITH wanted AS (
    SELECT p.post_id, p.thread, p.subject, p.sender_name, d.box_id, d.is_read, d.place,
           NULL::bigint AS source_id
    FROM unnest((SELECT %(post_ids)s::uuid[]), (SELECT %(threads)s::uuid[]),
                (SELECT %(subjects)s::text[]), (SELECT %(senders)s::text[]))
         WITH ORDINALITY AS p (post_id, thread, subject, sender_name, nr)
    JOIN unnest((SELECT %(nrs)s::int[]), (SELECT %(box_ids)s::bigint[]),
                (SELECT %(reads)s::boolean[]))
         WITH ORDINALITY AS d (nr, box_id, is_read, place) USING (nr)
), fresh AS MATERIALIZED (
    SELECT w.*, row_number() OVER (PARTITION BY box_id ORDER BY place) AS nth FROM wanted w
    WHERE post_id IS DISTINCT FROM (
              SELECT d.post_id FROM mail_deliveredpost d
              WHERE d.box_id = w.box_id AND d.post_id >= w.post_id
              ORDER BY d.box_id, d.post_id LIMIT 1)
      AND post_id IS DISTINCT FROM (
              SELECT t.post_id FROM mail_tombstone t
              WHERE t.box_id = w.box_id AND t.post_id >= w.post_id
              ORDER BY t.box_id, t.post_id LIMIT 1)
), counted AS (
    SELECT box_id, max(nth) AS uids FROM fresh GROUP BY box_id
), {LOCKED}, {RAISED}, placed AS ({ARRIVING}), inserted AS ({INSERTED})
SELECT i.box_id, i.uid, i.post_id, i.modseq > 1 + (
           SELECT seen.modseq FROM mail_boxcounter seen WHERE seen.box_id = i.box_id)
FROM inserted i
"""


def insert(deliveries: Sequence[Delivery]) -> list[Delivered]:
    """Put posts into boxes and return the new rows; raises what `put` raises."""
    inserted = put(deliveries)
    withdraw_returned(inserted.redelivered)
    return inserted.rows


def put(deliveries: Sequence[Delivery]) -> Inserted:
    """Put posts into boxes, in one statement.

    A box that has, or has had, the post is left out; so is a box that is gone. Without a
    transaction around it the statement is its own, and the counters are locked no longer than it
    takes. Raises IntegrityError when it lost a race: see `mail.db.retried`.
    """
    pairs = [
        (nr, box_id, box_id in delivery.read_box_ids)
        for nr, delivery in enumerate(deliveries, 1)
        for box_id in delivery.box_ids
    ]
    nrs, box_ids, reads = zip(*pairs, strict=True) if pairs else ((), (), ())
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "post_ids": [delivery.post_id for delivery in deliveries],
                "threads": [delivery.thread for delivery in deliveries],
                "subjects": [delivery.subject for delivery in deliveries],
                "senders": [delivery.sender_name for delivery in deliveries],
                "nrs": list(nrs),
                "box_ids": list(box_ids),
                "reads": list(reads),
            },
        )
        found = [(Delivered(*row), changed) for *row, changed in cursor.fetchall()]
    announce(row.box_id for row, _ in found)
    # A box that changed while the statement stood in line may have had the post, and lost it.
    return Inserted([row for row, _ in found], [row for row, changed in found if changed])


_RETURNED = """
SELECT d.box_id, d.post_id
FROM unnest(%s::bigint[], %s::bigint[], %s::uuid[]) AS d (box_id, uid, post_id)
JOIN mail_tombstone t ON t.box_id = d.box_id AND t.post_id = d.post_id AND t.uid < d.uid
"""


def withdraw_returned(rows: Sequence[Delivered]) -> None:
    """Withdraw what a box has had before: it left the box while an insert stood in line."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_RETURNED, [list(column) for column in zip(*rows, strict=True)])
        for box_id, post_id in cursor.fetchall():
            withdraw(post_id, [box_id])
