"""What changes inside boxes: read marks, flags, moves, removals. Called by services only.

The rules at the head of `mail.delivery` hold here too. Every change takes the next modseq of its
box, and what leaves a box leaves a tombstone.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from mail.db import BATCH
from mail.delivery.counters import Counter


def mark(box_id: int, uids: Sequence[int] | None, *, read: bool) -> int:
    """Mark posts of a box, or with None all of it, read or unread; says how many changed."""
    which = f"d.box_id = %s AND d.read_at IS {'NULL' if read else 'NOT NULL'}"
    params: list[Any] = [box_id]
    if uids is not None:
        which += " AND d.uid = ANY (%s::bigint[])"
        params.append(list(uids))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH counted AS (
                    UPDATE mail_boxcounter SET modseq = modseq + 1
                    WHERE box_id = %s AND EXISTS (SELECT FROM mail_deliveredpost d WHERE {which})
                    RETURNING modseq
                )
                UPDATE mail_deliveredpost d SET modseq = counted.modseq,
                       read_at = {"statement_timestamp()" if read else "NULL"}
                FROM counted WHERE {which}""",
            [box_id, *params, *params],
        )
        return int(cursor.rowcount)


def flag(box_id: int, uids: Sequence[int], name: str, *, on: bool) -> int:
    """Set a flag of posts of a box, or take it away; says how many changed."""
    which = f"d.box_id = %s AND d.uid = ANY (%s::bigint[]) AND {_FLAGGED[not on]}"
    params: list[Any] = [box_id, list(uids), name]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH counted AS (
                    UPDATE mail_boxcounter SET modseq = modseq + 1
                    WHERE box_id = %s AND EXISTS (SELECT FROM mail_deliveredpost d WHERE {which})
                    RETURNING modseq
                )
                UPDATE mail_deliveredpost d SET modseq = counted.modseq, flags = {_WITH_FLAG[on]}
                FROM counted WHERE {which}""",
            [box_id, *params, name, *params],
        )
        return int(cursor.rowcount)


# Without any flag it is null, which is all that most rows ever have.
_FLAGGED = {
    True: "%s::varchar = ANY (d.flags)",
    False: "(%s::varchar = ANY (d.flags)) IS NOT TRUE",
}
_WITH_FLAG = {
    True: "array_append(coalesce(d.flags, '{}'), %s::varchar)",
    False: "nullif(array_remove(d.flags, %s::varchar), '{}')",
}


def flag_copies(owner_id: int, post_id: UUID, name: str, *, on: bool) -> int:
    """The same for every copy of a post that a person has, in one statement."""
    # By the next post in the index (box, post), as an insert asks: others may have many copies.
    with connection.cursor() as cursor:
        cursor.execute(
            f"""WITH own AS MATERIALIZED (
                    SELECT b.id AS box_id,
                           (SELECT CASE WHEN d.post_id = %s AND {_FLAGGED[not on]} THEN d.uid END
                            FROM mail_deliveredpost d WHERE d.box_id = b.id AND d.post_id >= %s
                            ORDER BY d.box_id, d.post_id LIMIT 1) AS uid
                    FROM mail_box b WHERE b.owner_id = %s
                ), locked AS MATERIALIZED (
                    SELECT box_id FROM mail_boxcounter
                    WHERE box_id IN (SELECT box_id FROM own WHERE uid IS NOT NULL)
                    ORDER BY box_id FOR NO KEY UPDATE
                ), counted AS (
                    UPDATE mail_boxcounter c SET modseq = c.modseq + 1 FROM locked
                    WHERE c.box_id = locked.box_id RETURNING c.box_id, c.modseq
                )
                UPDATE mail_deliveredpost d SET modseq = counted.modseq, flags = {_WITH_FLAG[on]}
                FROM counted, own
                WHERE own.box_id = counted.box_id AND d.box_id = own.box_id AND d.uid = own.uid
                  AND {_FLAGGED[not on]}""",
            [post_id, name, post_id, owner_id, name, name],
        )
        return int(cursor.rowcount)


_REMOVE = """
WITH gone AS (
    DELETE FROM mail_deliveredpost WHERE box_id = %s AND uid = ANY (%s::bigint[])
    RETURNING uid, post_id
), counted AS (
    UPDATE mail_boxcounter SET modseq = modseq + 1
    WHERE box_id = %s AND EXISTS (SELECT FROM gone)
)
INSERT INTO mail_tombstone (box_id, uid, post_id, modseq, at)
SELECT %s, uid, post_id, %s, statement_timestamp() FROM gone RETURNING uid
"""


def remove(box_id: int, uids: Sequence[int], counter: Counter) -> list[int]:
    """Take posts out of a box whose counter is locked; the uids of those that were there."""
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE, [box_id, list(uids), box_id, box_id, counter.modseq + 1])
        return [uid for (uid,) in cursor.fetchall()]


_MOVE = """
WITH gone AS (
    DELETE FROM mail_deliveredpost WHERE box_id = %s AND uid = ANY (%s::bigint[])
    RETURNING uid, post_id, source_id, delivered, read_at, flags, subject, sender_name
), buried AS (
    INSERT INTO mail_tombstone (box_id, uid, post_id, modseq, at)
    SELECT %s, uid, post_id, %s, statement_timestamp() FROM gone
), fresh AS (
    SELECT *, row_number() OVER (ORDER BY uid) AS nth FROM gone
    WHERE NOT EXISTS (SELECT FROM mail_deliveredpost d
                      WHERE d.box_id = %s AND d.post_id = gone.post_id)
), counted AS (
    UPDATE mail_boxcounter SET modseq = modseq + 1, last_uid = last_uid + CASE
           WHEN box_id = %s THEN (SELECT count(*) FROM fresh) ELSE 0 END
    WHERE box_id = ANY (%s::bigint[]) AND EXISTS (SELECT FROM gone)
), inserted AS (
    INSERT INTO mail_deliveredpost (box_id, uid, post_id, source_id, delivered, read_at, flags,
                                    modseq, moved, subject, sender_name)
    SELECT %s, %s + nth, post_id, source_id, delivered, read_at, flags, %s, statement_timestamp(),
           subject, sender_name
    FROM fresh RETURNING uid
)
SELECT uid, FALSE FROM inserted
UNION ALL
SELECT d.uid, TRUE FROM gone JOIN mail_deliveredpost d ON d.box_id = %s AND d.post_id = gone.post_id
"""


class Moved(NamedTuple):
    """Uids in the box that posts were moved to, in order."""

    new: list[int]
    merged: list[int]  # of those that were there already, and stand for what was taken out


def move(box_id: int, uids: Sequence[int], to_id: int, counters: dict[int, Counter]) -> Moved:
    """Move posts between two boxes whose counters are locked.

    A post that the target has already is only taken out here.
    """
    source, target = counters[box_id], counters[to_id]
    with connection.cursor() as cursor:
        cursor.execute(
            _MOVE,
            [
                *(box_id, list(uids), box_id, source.modseq + 1),
                *(to_id, to_id, [box_id, to_id]),
                *(to_id, target.last_uid, target.modseq + 1, to_id),
            ],
        )
        found = sorted(cursor.fetchall())
    return Moved(*([uid for uid, merged in found if merged is wanted] for wanted in (False, True)))


_COPY = """
WITH fresh AS (
    SELECT *, row_number() OVER (ORDER BY uid) AS nth FROM mail_deliveredpost h
    WHERE box_id = %s AND uid = ANY (%s::bigint[])
      AND NOT EXISTS (SELECT FROM mail_deliveredpost d
                      WHERE d.box_id = %s AND d.post_id = h.post_id)
), counted AS (
    UPDATE mail_boxcounter SET modseq = modseq + 1,
           last_uid = last_uid + (SELECT count(*) FROM fresh)
    WHERE box_id = %s AND EXISTS (SELECT FROM fresh)
)
INSERT INTO mail_deliveredpost (box_id, uid, post_id, source_id, delivered, read_at, flags, modseq,
                                moved, subject, sender_name)
SELECT %s, %s + nth, post_id, source_id, delivered, read_at, flags, %s, statement_timestamp(),
       subject, sender_name
FROM fresh
"""


def copy(box_id: int, uids: Sequence[int], to_id: int, target: Counter) -> int:
    """Put posts of a box into another one, too, whose counter is locked; says how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            _COPY,
            [
                *(box_id, list(uids), to_id, to_id),
                *(to_id, target.last_uid, target.modseq + 1),
            ],
        )
        return int(cursor.rowcount)


# Nobody changes when a row was moved, and no uid is given out twice: what is old stays so while
# this stands in line for the counters, unless it leaves the box, and then it is not deleted.
_REMOVE_MOVED = """
WITH old AS MATERIALIZED (
    SELECT box_id, uid FROM mail_deliveredpost
    WHERE box_id = ANY (%s::bigint[]) AND moved < %s LIMIT %s
), locked AS MATERIALIZED (
    SELECT box_id FROM mail_boxcounter WHERE box_id IN (SELECT box_id FROM old)
    ORDER BY box_id FOR NO KEY UPDATE
), counted AS (
    UPDATE mail_boxcounter c SET modseq = c.modseq + 1 FROM locked
    WHERE c.box_id = locked.box_id RETURNING c.box_id, c.modseq
), gone AS (
    DELETE FROM mail_deliveredpost d USING old, counted
    WHERE d.box_id = old.box_id AND d.uid = old.uid AND d.box_id = counted.box_id
    RETURNING d.box_id, d.uid, d.post_id, counted.modseq
)
INSERT INTO mail_tombstone (box_id, uid, post_id, modseq, at)
SELECT box_id, uid, post_id, modseq, statement_timestamp() FROM gone
"""


def remove_moved(box_ids: Sequence[int], before: datetime) -> int:
    """Remove one batch of what was moved into boxes before a time; says how many."""
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE_MOVED, [list(box_ids), before, BATCH])
        return int(cursor.rowcount)


_PURGE = """
WITH old AS (
    SELECT box_id, uid FROM mail_tombstone WHERE at < %s ORDER BY at LIMIT %s
), locked AS MATERIALIZED (
    SELECT box_id FROM mail_boxcounter WHERE box_id IN (SELECT box_id FROM old)
    ORDER BY box_id FOR NO KEY UPDATE
), gone AS (
    DELETE FROM mail_tombstone t USING old WHERE t.box_id = old.box_id AND t.uid = old.uid
    RETURNING t.box_id, t.modseq
), counted AS (
    UPDATE mail_boxcounter c SET purged = c.purged + g.number,
           purged_modseq = greatest(c.purged_modseq, g.modseq)
    FROM locked, (SELECT box_id, count(*) AS number, max(modseq) AS modseq
                  FROM gone GROUP BY box_id) g
    WHERE c.box_id = g.box_id AND locked.box_id = g.box_id
)
SELECT count(*) FROM gone
"""


def purge(before: datetime) -> int:
    """Delete one batch of tombstones from before a time; says how many."""
    with connection.cursor() as cursor:
        cursor.execute(_PURGE, [before, BATCH])
        return int(cursor.fetchone()[0])
