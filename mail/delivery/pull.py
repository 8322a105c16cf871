"""Serve subscriptions: the one pull, for a member who looks and for those who leave."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction

from mail.db import BATCH, retried
from mail.delivery.counters import LOCK, RAISED, announce, lock
from mail.delivery.insert import ARRIVING, INSERTED


class Pulled(NamedTuple):
    """What one pull did: rows inserted, and whether more is waiting."""

    inserted: int
    more: bool


class _Source(NamedTuple):
    box_id: int
    pending: bool
    nested: bool  # a group that receives from others: it is served first
    mutes: bool  # of the target: whether it has muted any conversation


class _Pending(NamedTuple):
    """A batch in order: how many, and its columns as PostgreSQL writes arrays."""

    number: int
    posts: str
    sources: str
    uids: str
    subjects: str
    senders: str


# In two parts: a distributed database reads the first on the target's machine before it asks the
# sources' machines, and PostgreSQL 17 finds all counters in one walk through their index.
_SOURCES = """
WITH subscribed AS MATERIALIZED (
    SELECT source_id, watermark FROM mail_subscription WHERE target_id = %(box_id)s::bigint
), counters AS MATERIALIZED (
    SELECT box_id, last_uid, fed FROM mail_boxcounter
    WHERE box_id = ANY (ARRAY(SELECT source_id FROM subscribed))
)
SELECT s.source_id, c.last_uid > s.watermark, c.fed,
       EXISTS (SELECT FROM mail_mutedthread WHERE box_id = %(box_id)s::bigint)
FROM subscribed s JOIN counters c ON c.box_id = s.source_id
WHERE c.last_uid > s.watermark OR c.fed
"""


def _sources(box_id: int) -> list[_Source]:
    """Return the sources that have something new, or may have it from their own sources."""
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES, {"box_id": box_id})
        return [_Source(*row) for row in cursor.fetchall()]


def pull(box_id: int) -> Pulled:
    """Serve the subscriptions of a box, and of its sources first: at most one batch each.

    Nothing pending costs one read and no lock.
    """
    return _pull(box_id, seen=set())


def _pull(box_id: int, seen: set[int]) -> Pulled:
    sources = _sources(box_id)
    nested = [source.box_id for source in sources if source.nested and source.box_id not in seen]
    seen.update(nested)  # a group that is reached in two ways is served once
    more = False
    for source in nested:
        more |= _pull(source, seen).more
    if nested:
        sources = _sources(box_id)
    due = [source.box_id for source in sources if source.pending]
    if not due:
        return Pulled(0, more)
    own = retried(lambda: _pull_batch(box_id, due, mutes=sources[0].mutes))
    return Pulled(own.inserted, own.more or more)


@transaction.atomic
def _pull_batch(box_id: int, source_ids: Sequence[int], *, mutes: bool) -> Pulled:
    pending = _lock_and_read(box_id, source_ids)
    if pending is None:
        return Pulled(0, more=False)
    return _serve([box_id], source_ids, pending, mutes=mutes)


@transaction.atomic
def serve(source_id: int, target_ids: Sequence[int]) -> None:
    """Serve targets to the end of one source; their counters stay locked until the commit."""
    lock(target_ids)
    mutes: bool | None = None
    more = True
    while more:
        with connection.cursor() as cursor:
            cursor.execute(*_reading(target_ids, [source_id]))
            pending = _Pending(*cursor.fetchone())
        if mutes is None and pending.number:
            mutes = _mutes(target_ids)
        more = _serve(target_ids, [source_id], pending, mutes=bool(mutes)).more


def _lock_and_read(box_id: int, source_ids: Sequence[int]) -> _Pending | None:
    """Lock a box, then read what is pending; None if it is gone. Two statements, sent in one go."""
    # The second reads the watermarks again: its snapshot starts after the lock, so it sees all
    # that an earlier pull did. With those read before the lock all would be delivered twice.
    with connection.cursor() as locking, connection.cursor() as reading:
        with connection.wrap_database_errors, connection.connection.pipeline():
            locking.execute(LOCK, {"box_ids": [box_id]})
            reading.execute(*_reading([box_id], source_ids))
        return _Pending(*reading.fetchone()) if locking.fetchone() else None


# Posts are taken from each source in the order of its uids, so that the watermark can stand on
# the last one taken; between sources the oldest first. `delivered` may go back a little from one
# uid to the next, its running maximum cannot.
_BRANCH = """
    (SELECT box_id, uid, post_id, subject, sender_name, delivered FROM mail_deliveredpost
     WHERE box_id = %s::bigint AND uid > (
         SELECT min(watermark) FROM mail_subscription
         WHERE target_id = ANY (%s::bigint[]) AND source_id = %s::bigint
     ) ORDER BY uid LIMIT %s::bigint)"""
# What a pull moves stays in PostgreSQL's own notation of arrays on its way through Python: reading
# and writing a thousand of each would cost more than the rest of the pull.
_READ = """
WITH pending AS MATERIALIZED (
    SELECT box_id, uid, post_id, subject, sender_name FROM (
        SELECT *, max(delivered) OVER (PARTITION BY box_id ORDER BY uid) AS due
        FROM ({}) AS branches
    ) AS branches ORDER BY due, box_id, uid LIMIT %s
)
SELECT count(*), array_agg(post_id)::text, array_agg(box_id)::text, array_agg(uid)::text,
       array_agg(subject)::text, array_agg(sender_name)::text
FROM pending
"""


def _reading(target_ids: Sequence[int], source_ids: Sequence[int]) -> tuple[str, list[Any]]:
    """Return the statement that reads what is pending, and its parameters."""
    params: list[Any] = []
    for source_id in source_ids:
        params += (source_id, list(target_ids), source_id, BATCH)
    return _READ.format("\n    UNION ALL".join([_BRANCH] * len(source_ids))), [*params, BATCH]


def _mutes(box_ids: Sequence[int]) -> bool:
    """Tell whether any of the boxes has muted a conversation."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM mail_mutedthread WHERE box_id = ANY (%s::bigint[]))",
            [list(box_ids)],
        )
        return bool(cursor.fetchone()[0])


_THREADS = """
SELECT array_agg(p.thread ORDER BY u.place)::text
FROM unnest((SELECT %s::text::uuid[])) WITH ORDINALITY AS u (post_id, place)
LEFT JOIN mail_post p ON p.id = u.post_id
"""


def _threads(posts: str) -> str:
    """Return the conversations of posts, as PostgreSQL writes arrays, in the order of the posts."""
    with connection.cursor() as cursor:
        cursor.execute(_THREADS, [posts])
        return str(cursor.fetchone()[0])


# What a box has, or has had, is left out. A post that comes in several ways is inserted once, and
# arrives read where all of them are muted; so does what somebody wrote to their own groups.
# Watermarks move by what was read, not by what was inserted.
_SERVE = f"""
WITH due AS MATERIALIZED (
    SELECT s.target_id, s.source_id, s.watermark, s.muted,
           CASE WHEN b.kind = 'personal' THEN b.name END AS owner
    FROM mail_subscription s JOIN mail_box b ON b.id = s.target_id
    WHERE s.target_id = ANY (%(targets)s::bigint[]) AND s.source_id = ANY (%(sources)s::bigint[])
), pending AS MATERIALIZED (
    SELECT * FROM unnest((SELECT %(posts)s::text::uuid[]), (SELECT %(from)s::text::bigint[]),
                         (SELECT %(uids)s::text::bigint[]), (SELECT %(subjects)s::text::text[]),
                         (SELECT %(senders)s::text::text[]), (SELECT %(threads)s::text::uuid[]))
                  WITH ORDINALITY
                  AS p (post_id, source_id, uid, subject, sender_name, thread, place)
), coming AS MATERIALIZED (
    SELECT d.target_id AS box_id, p.*,
           row_number() OVER (PARTITION BY d.target_id, p.post_id ORDER BY p.place) AS way,
           bool_and(d.muted OR p.sender_name IS NOT DISTINCT FROM d.owner)
               OVER (PARTITION BY d.target_id, p.post_id) AS is_read
    FROM due d JOIN pending p ON p.source_id = d.source_id AND p.uid > d.watermark
), fresh AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY box_id ORDER BY place) AS nth FROM coming
    WHERE way = 1
      AND (box_id, post_id) NOT IN (
          SELECT d.box_id, d.post_id FROM mail_deliveredpost d
          WHERE d.box_id = ANY (%(targets)s::bigint[])
            AND d.post_id = ANY (ARRAY(SELECT post_id FROM pending)))
      AND (box_id, post_id) NOT IN (
          SELECT t.box_id, t.post_id FROM mail_tombstone t
          WHERE t.box_id = ANY (%(targets)s::bigint[])
            AND t.post_id = ANY (ARRAY(SELECT post_id FROM pending)))
), changed AS (
    SELECT box_id, max(nth) AS uids FROM fresh GROUP BY box_id
), {RAISED}, placed AS ({ARRIVING}), inserted AS ({INSERTED}), passed AS (
    UPDATE mail_subscription s SET watermark = l.uid
    FROM (SELECT source_id, max(uid) AS uid FROM pending GROUP BY source_id) AS l
    WHERE s.target_id = ANY (%(targets)s::bigint[]) AND s.source_id = l.source_id
      AND s.watermark < l.uid
)
SELECT count(*), array_agg(DISTINCT box_id) FROM inserted
"""


def _serve(
    target_ids: Sequence[int], source_ids: Sequence[int], pending: _Pending, *, mutes: bool
) -> Pulled:
    """Insert a batch into boxes whose counters are locked, as far as each has not had it."""
    if not pending.number:
        return Pulled(0, more=False)
    with connection.cursor() as cursor:
        cursor.execute(
            _SERVE,
            {
                "targets": list(target_ids),
                "sources": list(source_ids),
                "posts": pending.posts,
                "from": pending.sources,
                "uids": pending.uids,
                "subjects": pending.subjects,
                "senders": pending.senders,
                "threads": _threads(pending.posts) if mutes else "{}",
            },
        )
        inserted, changed = cursor.fetchone()
    announce(changed or ())
    return Pulled(inserted, more=pending.number == BATCH)
