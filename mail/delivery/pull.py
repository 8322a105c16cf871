"""Serve the subscriptions of a box."""

from collections.abc import Sequence
from typing import NamedTuple

from django.db import connection, transaction

from mail.db import BATCH, retried
from mail.delivery.counters import Counter


class Pulled(NamedTuple):
    """What one pull did: rows inserted, and whether more is waiting."""

    inserted: int
    more: bool


class _Source(NamedTuple):
    box_id: int
    watermark: int
    pending: bool
    fed: bool
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
    SELECT source_id, watermark FROM mail_subscription WHERE target_id = %s::bigint
), counters AS MATERIALIZED (
    SELECT box_id, last_uid, fed FROM mail_boxcounter
    WHERE box_id = ANY (ARRAY(SELECT source_id FROM subscribed))
)
SELECT s.source_id, s.watermark, c.last_uid > s.watermark, c.fed,
       EXISTS (SELECT FROM mail_mutedthread WHERE box_id = %s::bigint)
FROM subscribed s JOIN counters c ON c.box_id = s.source_id
WHERE c.last_uid > s.watermark OR c.fed
"""


def _sources(box_id: int) -> list[_Source]:
    """Those sources of a box that have something new, or may have it from their own sources."""
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES, [box_id, box_id])
        return [_Source(*row) for row in cursor.fetchall()]


def pull(box_id: int, *, owner_name: str = "") -> Pulled:
    """Serve the subscriptions of a box, and of its sources first: at most one batch each.

    Nothing pending costs one read and no lock. What `owner_name` wrote arrives read.
    """
    return _pull(box_id, owner_name, seen=set())


def _pull(box_id: int, owner_name: str, seen: set[int]) -> Pulled:
    sources = _sources(box_id)
    fed = [source.box_id for source in sources if source.fed and source.box_id not in seen]
    seen.update(fed)  # a group that is reached in two ways is served once
    more = False
    for source in fed:
        more |= _pull(source, "", seen).more
    if fed:
        sources = _sources(box_id)
    if not any(source.pending for source in sources):
        return Pulled(0, more)
    due = [source for source in sources if source.pending]
    own = retried(lambda: _pull_batch(box_id, owner_name, due))
    return Pulled(own.inserted, own.more or more)


@transaction.atomic
def _pull_batch(box_id: int, owner_name: str, sources: Sequence[_Source]) -> Pulled:
    counter, pending = _lock_and_read(box_id, sources)
    if counter is None or not pending.number:
        return Pulled(0, more=False)
    threads = _threads(pending.posts) if sources[0].mutes else "{}"
    inserted = _insert_pending(box_id, counter, pending, threads, owner_name)
    return Pulled(inserted, more=pending.number == BATCH)


def _lock_and_read(box_id: int, sources: Sequence[_Source]) -> tuple[Counter | None, _Pending]:
    """Lock the box, then read what is pending: two statements, sent in one go."""
    # The second reads the watermarks again: its snapshot starts after the lock, so it sees all
    # that an earlier pull did. With those read before the lock all would be delivered twice.
    with connection.cursor() as locking, connection.cursor() as reading:
        with connection.wrap_database_errors, connection.connection.pipeline():
            locking.execute(
                "SELECT last_uid, modseq FROM mail_boxcounter WHERE box_id = %s FOR NO KEY UPDATE",
                [box_id],
            )
            reading.execute(*_pending(box_id, sources))
        row = locking.fetchone()
        return row and Counter(*row), _Pending(*reading.fetchone())


# Posts are taken from each source in the order of its uids, so that the watermark can stand on
# the last one taken; between sources the oldest first. `delivered` may go back a little from one
# uid to the next, its running maximum cannot.
_BRANCH = """
    (SELECT box_id, uid, post_id, subject, sender_name, delivered FROM mail_deliveredpost
     WHERE box_id = %s::bigint AND uid > (
         SELECT watermark FROM mail_subscription
         WHERE target_id = %s::bigint AND source_id = %s::bigint
     ) ORDER BY uid LIMIT %s::bigint)"""
# What a pull moves stays in PostgreSQL's own notation of arrays on its way through Python: reading
# and writing a thousand of each would cost more than the rest of the pull.
_PENDING = """
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


def _pending(box_id: int, sources: Sequence[_Source]) -> tuple[str, list[int]]:
    """The statement that reads what is pending, and its parameters."""
    params: list[int] = []
    for source in sources:
        params += (source.box_id, box_id, source.box_id, BATCH)
    return _PENDING.format("\n    UNION ALL".join([_BRANCH] * len(sources))), [*params, BATCH]


_THREADS = """
SELECT array_agg(p.thread ORDER BY u.place)::text
FROM unnest((SELECT %s::text::uuid[])) WITH ORDINALITY AS u (post_id, place)
LEFT JOIN mail_post p ON p.id = u.post_id
"""


def _threads(posts: str) -> str:
    """The conversations of posts, as PostgreSQL writes arrays, in the order of the posts."""
    with connection.cursor() as cursor:
        cursor.execute(_THREADS, [posts])
        return str(cursor.fetchone()[0])


# A post that comes in several ways arrives read where all of them are muted.
_INSERT_PENDING = """
WITH pending AS MATERIALIZED (
    SELECT *, row_number() OVER (PARTITION BY post_id ORDER BY place) AS copy,
           bool_and(source_id = ANY (ARRAY(
               SELECT source_id FROM mail_subscription WHERE target_id = %s AND muted
           ))) OVER (PARTITION BY post_id) AS muted
    FROM unnest((SELECT %s::text::uuid[]), (SELECT %s::text::bigint[]),
                (SELECT %s::text::bigint[]), (SELECT %s::text::text[]),
                (SELECT %s::text::text[]), (SELECT %s::text::uuid[]))
         WITH ORDINALITY AS p (post_id, source_id, uid, subject, sender_name, thread, place)
), fresh AS (
    SELECT *, row_number() OVER (ORDER BY place) AS nth FROM pending p
    WHERE copy = 1
      AND post_id NOT IN (SELECT post_id FROM mail_deliveredpost
                          WHERE box_id = %s AND post_id = ANY (ARRAY(SELECT post_id FROM pending)))
      AND post_id NOT IN (SELECT post_id FROM mail_tombstone
                          WHERE box_id = %s AND post_id = ANY (ARRAY(SELECT post_id FROM pending)))
), inserted AS (
    INSERT INTO mail_deliveredpost
        (box_id, uid, post_id, source_id, delivered, read_at, modseq, subject, sender_name)
    SELECT %s, %s + nth, post_id, source_id, statement_timestamp(),
           CASE WHEN sender_name = %s OR muted OR thread = ANY (ARRAY(
               SELECT m.thread FROM mail_mutedthread m
               WHERE m.box_id = %s AND m.thread = ANY (ARRAY(SELECT thread FROM pending))
           )) THEN statement_timestamp() END, %s, subject, sender_name
    FROM fresh
), moved AS (
    UPDATE mail_subscription s SET watermark = m.uid
    FROM (SELECT source_id, max(uid) AS uid FROM pending GROUP BY source_id) AS m
    WHERE s.target_id = %s AND s.source_id = m.source_id AND s.watermark < m.uid
)
UPDATE mail_boxcounter SET last_uid = last_uid + (SELECT count(*) FROM fresh), modseq = %s
WHERE box_id = %s RETURNING last_uid
"""


def _insert_pending(
    box_id: int, counter: Counter, pending: _Pending, threads: str, owner_name: str
) -> int:
    """Insert what the box has never had; watermarks move by what was read, not by that."""
    modseq = counter.modseq + 1
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_PENDING,
            [
                *(box_id, *pending[1:], threads),
                *(box_id, box_id),
                *(box_id, counter.last_uid, owner_name, box_id, modseq),
                *(box_id, modseq, box_id),
            ],
        )
        return int(cursor.fetchone()[0]) - counter.last_uid
