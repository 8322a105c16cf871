"""Changes inside boxes: flags, moves, removals. Every change takes the next modseq of its box.

What leaves a box leaves a tombstone. A statement here that chooses its rows before it has the
lock may do so: no uid is given out twice, so a row that left the box meanwhile is passed over.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from mail.db import BATCH
from mail.delivery.counters import LOCKED, RAISED, announce
from mail.delivery.insert import INSERTED
from mail.delivery.remove import TAKEN
from mail.models import Flag

# --- Flags ---------------------------------------------------------------------------------------

# What makes no difference is no change, and raises no counter. Without any flag the column is null,
# which is all that most rows ever have.
_DIFFERS = """(
    %(seen)s::boolean AND d.read_at IS NULL OR NOT %(seen)s::boolean AND d.read_at IS NOT NULL
    OR NOT coalesce(d.flags, '{}') @> %(add)s::varchar[]
    OR coalesce(d.flags, '{}') && %(remove)s::varchar[]
)"""
_STORE = f"""
WITH chosen AS MATERIALIZED ({{chosen}}), counted AS (
    SELECT DISTINCT box_id, 0 AS uids FROM chosen
), {LOCKED}, {RAISED}
UPDATE mail_deliveredpost d SET modseq = r.modseq,
       read_at = CASE WHEN %(seen)s::boolean THEN coalesce(d.read_at, statement_timestamp())
                      WHEN %(seen)s::boolean IS NULL THEN d.read_at END,
       flags = nullif(ARRAY(
           SELECT f FROM unnest(d.flags || %(add)s::varchar[]) WITH ORDINALITY AS u (f, nth)
           WHERE f <> ALL (%(remove)s::varchar[]) GROUP BY f ORDER BY min(nth)), '{{{{}}}}')
FROM chosen c JOIN raised r ON r.box_id = c.box_id
WHERE d.box_id = c.box_id AND d.uid = c.uid AND {{differs}}
RETURNING d.box_id
"""
_SOME = f"""
    SELECT box_id, uid FROM mail_deliveredpost d
    WHERE d.box_id = %(box_id)s AND d.uid = ANY (%(uids)s::bigint[]) AND {_DIFFERS}
"""
# By the next post in the index (box, post), as an insert asks: others may have many copies.
_COPIES = f"""
    SELECT d.box_id, d.uid FROM (
        SELECT b.id AS box_id, (
            SELECT CASE WHEN n.post_id = %(post_id)s THEN n.uid END FROM mail_deliveredpost n
            WHERE n.box_id = b.id AND n.post_id >= %(post_id)s
            ORDER BY n.box_id, n.post_id LIMIT 1) AS uid
        FROM mail_box b WHERE b.owner_id = %(owner_id)s
    ) AS own
    JOIN mail_deliveredpost d ON d.box_id = own.box_id AND d.uid = own.uid
    WHERE {_DIFFERS}
"""


def store_flags(
    box_id: int, uids: Sequence[int], *, add: Collection[str] = (), remove: Collection[str] = ()
) -> int:
    """Add flags and keywords to posts of a box, and remove some; return how many changed."""
    return _store(_SOME, {"box_id": box_id, "uids": list(uids)}, add, remove)


def store_flags_of_copies(
    owner_id: int, post_id: UUID, *, add: Collection[str] = (), remove: Collection[str] = ()
) -> int:
    """Do the same to every copy of a post that a person has, in one statement."""
    return _store(_COPIES, {"owner_id": owner_id, "post_id": post_id}, add, remove)


def _store(
    chosen: str, params: dict[str, Any], add: Collection[str], remove: Collection[str]
) -> int:
    seen = True if Flag.SEEN in add else False if Flag.SEEN in remove else None
    flags = {
        "seen": seen,
        "add": [flag for flag in add if flag != Flag.SEEN],
        "remove": [flag for flag in remove if flag != Flag.SEEN],
    }
    with connection.cursor() as cursor:
        cursor.execute(_STORE.format(chosen=chosen, differs=_DIFFERS), params | flags)
        changed = [box_id for (box_id,) in cursor.fetchall()]
    announce(changed)
    return len(changed)


# --- Moving --------------------------------------------------------------------------------------

_CHOSEN = """
WITH chosen AS MATERIALIZED (
    SELECT box_id, uid, post_id FROM mail_deliveredpost
    WHERE box_id = %(box_id)s AND uid = ANY (%(uids)s::bigint[])
), fresh AS MATERIALIZED (
    SELECT h.*, row_number() OVER (ORDER BY h.uid) AS nth
    FROM mail_deliveredpost h JOIN chosen c ON c.box_id = h.box_id AND c.uid = h.uid
    WHERE NOT EXISTS (SELECT FROM mail_deliveredpost d
                      WHERE d.box_id = %(to_id)s AND d.post_id = h.post_id)
)"""
_PLACED = f"""placed AS (
    SELECT %(to_id)s::bigint AS box_id, nth, post_id, source_id, delivered, read_at, flags,
           statement_timestamp() AS moved, subject, sender_name
    FROM fresh
), inserted AS ({INSERTED})"""
_MOVE = f"""{_CHOSEN}, changed AS (
    SELECT b.box_id, CASE b.box_id WHEN %(to_id)s THEN (SELECT count(*) FROM fresh) ELSE 0 END
           AS uids
    FROM unnest(ARRAY[%(box_id)s, %(to_id)s]::bigint[]) AS b (box_id)
    WHERE EXISTS (SELECT FROM chosen)
), {RAISED}, {TAKEN}, {_PLACED}
SELECT uid, FALSE FROM inserted
UNION ALL
SELECT d.uid, TRUE FROM chosen c
JOIN mail_deliveredpost d ON d.box_id = %(to_id)s AND d.post_id = c.post_id
"""
_COPY = f"""{_CHOSEN}, changed AS (
    SELECT %(to_id)s::bigint AS box_id, count(*) AS uids FROM fresh HAVING count(*) > 0
), {RAISED}, {_PLACED}
SELECT uid FROM inserted
"""


class Moved(NamedTuple):
    """Uids in the box that posts were moved to, in order."""

    new: list[int]
    merged: list[int]  # of those that were there already, and stand for what was taken out


def move(box_id: int, uids: Sequence[int], to_id: int) -> Moved:
    """Move posts between two boxes whose counters are locked.

    A post that the target has already is only taken out here.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, {"box_id": box_id, "uids": list(uids), "to_id": to_id})
        found = sorted(cursor.fetchall())
    if found:
        announce([box_id, to_id])
    return Moved(*([uid for uid, merged in found if merged is wanted] for wanted in (False, True)))


def copy(box_id: int, uids: Sequence[int], to_id: int) -> int:
    """Copy posts to another box whose counter is locked; return how many were not there."""
    with connection.cursor() as cursor:
        cursor.execute(_COPY, {"box_id": box_id, "uids": list(uids), "to_id": to_id})
        copied = len(cursor.fetchall())
    if copied:
        announce([to_id])
    return copied


# --- Tombstones ----------------------------------------------------------------------------------

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
    """Delete one batch of tombstones from before a time; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(_PURGE, [before, BATCH])
        return int(cursor.fetchone()[0])
