"""The set-based heart: uids, insert, pull, remove. Called by services only.

Rules that every statement here keeps:

- A uid is given out under the lock of the box's counter row, in the transaction that inserts the
  row. Whoever sees uid n therefore sees every uid below n, and a watermark is a plain number.
- A decision about a box's content is made by a statement that starts after the lock was granted
  (READ COMMITTED: its snapshot is then new enough), or is guarded by the unique constraint
  (box, post), in which case the statement is tried again.
- Counters are locked in the order of their box ids.
- Who has delivered a post looks, at the end, whether it was recalled meanwhile. A recall is
  committed before it looks for copies, so one of the two finds each copy. It waits for the pulls
  that may have read one before: see `mail.changes.remove_everywhere`.
- No statement joins posts with delivered posts, and none needs two boxes of different owners on
  one machine, so that the tables can be distributed by box.
"""

import random
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from django.db import Error, connection, transaction

# A pull moves at most so many posts: somebody back from a year away gets a first page at once.
BATCH = 1000
ATTEMPTS = 8

_PASSING = frozenset({"40P01", "40001", "57P01", "57P02", "57P03"})
_LOST_RACES = frozenset({"delivered_once", "mail_deliveredpost_pkey"})


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


class Pulled(NamedTuple):
    """What one pull did: rows inserted, and whether more is waiting."""

    inserted: int
    more: bool


class Counter(NamedTuple):
    last_uid: int
    modseq: int


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


def retried[T](work: Callable[[], T]) -> T:
    """Run a short transaction, again if it lost a race, a deadlock or its connection.

    The work must be such that doing it twice does it once. Inside somebody else's transaction it
    runs once: only the owner of a transaction can repeat it.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return work()
        except Error as error:
            if connection.in_atomic_block or not _passes(error):
                raise
            if connection.connection is None or connection.connection.closed:
                connection.close()
            time.sleep(random.random() * 0.01 * 2**attempt)  # noqa: S311 - spreads rivals only
    return work()


def _passes(error: Error) -> bool:
    cause = error.__cause__
    state = getattr(cause, "sqlstate", None)
    if state == "23505":
        return getattr(cause, "diag").constraint_name in _LOST_RACES  # noqa: B009 - psycopg's
    lost = connection.connection is None or connection.connection.closed
    return state in _PASSING or bool(lost)


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


def lock(box_ids: Sequence[int]) -> dict[int, Counter]:
    """Lock counters until the transaction ends, in a statement of its own, in box order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT box_id, last_uid, modseq FROM mail_boxcounter
               WHERE box_id = ANY ((SELECT %s::bigint[])::bigint[])
               ORDER BY box_id FOR NO KEY UPDATE""",
            [sorted(box_ids)],
        )
        return {box_id: Counter(*rest) for box_id, *rest in cursor.fetchall()}


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


# --- Withdrawing ---------------------------------------------------------------------------------

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
