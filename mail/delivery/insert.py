"""Put posts into boxes."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from mail.delivery.recall import withdraw


class Delivery(NamedTuple):
    """A post on its way into boxes; what lands in `read_boxes` is born read.

    So is what lands in a box that has muted the conversation.
    """

    post_id: UUID
    thread: UUID
    subject: str
    sender_name: str
    box_ids: Sequence[int]
    read_box_ids: Sequence[int] = ()


class Delivered(NamedTuple):
    box_id: int
    uid: int
    post_id: UUID


class Inserted(NamedTuple):
    """New rows, and those of them that are to be given to `withdraw_returned`."""

    rows: list[Delivered]
    doubtful: list[Delivered]


# The arrays come by way of sub-selects, lest the planner looks into them and plans anew each time.
# And that a box has, or has had, a post is asked for by the next post in the index (box, post):
# any other way to ask lets the planner read the whole box where boxes are small on average.
_INSERT = """
WITH wanted AS (
    SELECT p.post_id, p.thread, p.subject, p.sender_name, d.box_id, d.is_read, d.place
    FROM unnest((SELECT %s::uuid[]), (SELECT %s::uuid[]), (SELECT %s::text[]),
                (SELECT %s::text[]))
         WITH ORDINALITY AS p (post_id, thread, subject, sender_name, nr)
    JOIN unnest((SELECT %s::int[]), (SELECT %s::bigint[]), (SELECT %s::boolean[]))
         WITH ORDINALITY AS d (nr, box_id, is_read, place) USING (nr)
), locked AS MATERIALIZED (
    SELECT box_id FROM mail_boxcounter WHERE box_id = ANY ((SELECT %s::bigint[])::bigint[])
    ORDER BY box_id FOR NO KEY UPDATE
), fresh AS (
    SELECT box_id, count(*) AS total, array_agg(post_id ORDER BY place) AS posts,
           array_agg(subject ORDER BY place) AS subjects,
           array_agg(sender_name ORDER BY place) AS senders,
           array_agg(is_read OR (
               SELECT m.box_id FROM mail_mutedthread m
               WHERE m.box_id = w.box_id AND m.thread = w.thread) IS NOT NULL
               ORDER BY place) AS reads
    FROM wanted w
    WHERE post_id IS DISTINCT FROM (
              SELECT d.post_id FROM mail_deliveredpost d
              WHERE d.box_id = w.box_id AND d.post_id >= w.post_id
              ORDER BY d.box_id, d.post_id LIMIT 1)
      AND post_id IS DISTINCT FROM (
              SELECT t.post_id FROM mail_tombstone t
              WHERE t.box_id = w.box_id AND t.post_id >= w.post_id
              ORDER BY t.box_id, t.post_id LIMIT 1)
    GROUP BY box_id
), counted AS (
    UPDATE mail_boxcounter c SET last_uid = c.last_uid + f.total, modseq = c.modseq + 1
    FROM fresh f WHERE c.box_id = f.box_id AND (SELECT count(*) FROM locked) > 0
    RETURNING c.box_id, c.last_uid - f.total AS base, c.modseq, f.posts, f.subjects, f.senders,
              f.reads
), inserted AS (
    INSERT INTO mail_deliveredpost
        (box_id, uid, post_id, delivered, read_at, modseq, subject, sender_name)
    SELECT box_id, base + nth, post_id, statement_timestamp(),
           CASE WHEN is_read THEN statement_timestamp() END, modseq, subject, sender_name
    FROM counted, unnest(posts, subjects, senders, reads) WITH ORDINALITY
                  AS r (post_id, subject, sender_name, is_read, nth)
    RETURNING box_id, uid, post_id, modseq
)
SELECT i.box_id, i.uid, i.post_id, i.modseq > 1 + (
           SELECT seen.modseq FROM mail_boxcounter seen WHERE seen.box_id = i.box_id)
FROM inserted i
"""


def insert(deliveries: Sequence[Delivery]) -> list[Delivered]:
    """Put posts into boxes and say which rows are new; raises what `put` raises."""
    inserted = put(deliveries)
    withdraw_returned(inserted.doubtful)
    return inserted.rows


def put(deliveries: Sequence[Delivery]) -> Inserted:
    """Put posts into boxes, in one statement.

    A box that has, or has had, the post is left out; so is a box that is gone. Without a
    transaction around it the statement is its own, and the counters are locked no longer than it
    takes. Raises IntegrityError when it lost a race: see `retried`.
    """
    pairs = [
        (nr, box_id, box_id in delivery.read_box_ids)
        for nr, delivery in enumerate(deliveries, 1)
        for box_id in delivery.box_ids
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                [delivery.post_id for delivery in deliveries],
                [delivery.thread for delivery in deliveries],
                [delivery.subject for delivery in deliveries],
                [delivery.sender_name for delivery in deliveries],
                [nr for nr, _, _ in pairs],
                [box_id for _, box_id, _ in pairs],
                [is_read for _, _, is_read in pairs],
                sorted({box_id for _, box_id, _ in pairs}),
            ],
        )
        found = [(Delivered(*row), changed) for *row, changed in cursor.fetchall()]
    # A box that changed while the statement stood in line may have had the post, and lost it.
    return Inserted([row for row, _ in found], [row for row, changed in found if changed])


def withdraw_returned(rows: Sequence[Delivered]) -> None:
    """Withdraw what a box has had before: it left the box while an insert stood in line."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT d.box_id, d.post_id
               FROM unnest(%s::bigint[], %s::bigint[], %s::uuid[]) AS d (box_id, uid, post_id)
               JOIN mail_tombstone t ON t.box_id = d.box_id AND t.post_id = d.post_id
                                    AND t.uid < d.uid""",
            [list(column) for column in zip(*rows, strict=True)],
        )
        for box_id, post_id in cursor.fetchall():
            withdraw(post_id, [box_id])
