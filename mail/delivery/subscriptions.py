"""Who receives from where, set-based: begin and end. Called by services only.

The rules of `mail.delivery` hold here, too.
"""

from collections.abc import Sequence

from django.db import connection, transaction

from mail.delivery.counters import lock


def subscribe(source_id: int, target_ids: Sequence[int]) -> int:
    """Subscribe targets to a source from its present end on; those who are already stay so.

    A source that is fed must be pulled first: what waits above it was posted before this.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO mail_subscription (target_id, source_id, start, watermark, created)
               SELECT t.id, c.box_id, c.last_uid, c.last_uid, statement_timestamp()
               FROM unnest(%s::bigint[]) AS t (id)
               JOIN mail_boxcounter c ON c.box_id = %s
               ON CONFLICT DO NOTHING""",
            [list(target_ids), source_id],
        )
        return int(cursor.rowcount)


_SERVE = """
WITH due AS (
    SELECT target_id, watermark, muted FROM mail_subscription
    WHERE source_id = %s AND target_id = ANY (%s::bigint[])
), pending AS (
    SELECT due.target_id, due.muted, d.uid, d.post_id, d.subject, d.sender_name
    FROM due JOIN mail_deliveredpost d ON d.box_id = %s AND d.uid > due.watermark
), silent AS MATERIALIZED (
    SELECT m.box_id, t.post_id
    FROM unnest(%s::text::uuid[], %s::text::uuid[]) AS t (post_id, thread)
    JOIN mail_mutedthread m ON m.thread = t.thread AND m.box_id = ANY (%s::bigint[])
), fresh AS (
    SELECT p.*, row_number() OVER (PARTITION BY target_id ORDER BY uid) AS nth,
           count(*) OVER (PARTITION BY target_id) AS total
    FROM pending p
    WHERE NOT EXISTS (SELECT FROM mail_deliveredpost h
                      WHERE h.box_id = p.target_id AND h.post_id = p.post_id)
      AND NOT EXISTS (SELECT FROM mail_tombstone t
                      WHERE t.box_id = p.target_id AND t.post_id = p.post_id)
), counted AS (
    UPDATE mail_boxcounter c SET last_uid = c.last_uid + f.total, modseq = c.modseq + 1
    FROM (SELECT DISTINCT target_id, total FROM fresh) f WHERE c.box_id = f.target_id
)
-- The counters are locked already, so what this statement still sees of them is where they stood;
-- unlike what `counted` could return, they have an index.
INSERT INTO mail_deliveredpost
    (box_id, uid, post_id, source_id, delivered, read_at, modseq, subject, sender_name)
SELECT c.box_id, c.last_uid + f.nth, f.post_id, %s, statement_timestamp(),
       CASE WHEN f.sender_name = b.name OR f.muted
                 OR (f.target_id, f.post_id) IN (SELECT box_id, post_id FROM silent)
            THEN statement_timestamp() END,
       c.modseq + 1, f.subject, f.sender_name
FROM fresh f JOIN mail_boxcounter c ON c.box_id = f.target_id JOIN mail_box b ON b.id = f.target_id
"""


_MUTED_THREADS = """
SELECT array_agg(DISTINCT thread)::text FROM mail_mutedthread WHERE box_id = ANY (%s::bigint[])
"""
_THEIR_POSTS = """
SELECT array_agg(id)::text, array_agg(thread)::text FROM mail_post
WHERE thread = ANY (%s::text::uuid[])
"""


def _muted_posts(box_ids: Sequence[int]) -> tuple[str | None, str | None]:
    """The posts of conversations that some boxes have muted, and the conversation of each."""
    with connection.cursor() as cursor:
        cursor.execute(_MUTED_THREADS, [list(box_ids)])
        if (threads := cursor.fetchone()[0]) is None:
            return None, None
        cursor.execute(_THEIR_POSTS, [threads])
        posts, of = cursor.fetchone()
        return posts, of


@transaction.atomic
def unsubscribe(source_id: int, target_ids: Sequence[int]) -> int:
    """Serve targets to the end of a source, then end their subscriptions: six statements."""
    lock(target_ids)
    muted = _muted_posts(target_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            _SERVE,
            [source_id, list(target_ids), source_id, *muted, list(target_ids), source_id],
        )
        cursor.execute(
            "DELETE FROM mail_subscription WHERE source_id = %s AND target_id = ANY (%s::bigint[])",
            [source_id, list(target_ids)],
        )
        return int(cursor.rowcount)


def feeds(source_id: int, target_id: int) -> bool:
    """Whether what lands in the source reaches the target, over any number of groups."""
    with connection.cursor() as cursor:
        cursor.execute(
            """WITH RECURSIVE up (box_id) AS (
                   SELECT %s::bigint
                   UNION
                   SELECT s.source_id FROM up JOIN mail_subscription s ON s.target_id = up.box_id
               ) SELECT EXISTS (SELECT FROM up WHERE box_id = %s)""",
            [target_id, source_id],
        )
        return bool(cursor.fetchone()[0])
