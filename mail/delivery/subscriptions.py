"""Who receives from where, set-based: begin and end. Called by services only.

The rules of `mail.delivery` hold here, too.
"""

from collections.abc import Sequence

from django.db import connection, transaction

from mail.delivery.pull import serve


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


@transaction.atomic
def unsubscribe(source_id: int, target_ids: Sequence[int]) -> int:
    """Serve targets to the end of a source, then end their subscriptions; return how many."""
    serve(source_id, target_ids)
    with connection.cursor() as cursor:
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
