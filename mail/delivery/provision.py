"""Boxes for people and groups: set-based, so that 100,000 accounts are a few statements."""

from collections.abc import Sequence

from django.db import connection

from mail import names

_SUFFIXES = [names.folder("", folder) for folder in names.FOLDERS]

_PERSONAL = """
INSERT INTO mail_box
    (name, kind, owner_id, created, description, join_policy, post_policy)
SELECT username, 'personal', id, statement_timestamp(), '', 'open', 'anyone'
FROM mail_user WHERE id = ANY (%s::bigint[])
AND NOT EXISTS (SELECT FROM mail_reservedname r WHERE lower(r.name) = lower(username))
ON CONFLICT DO NOTHING
"""

# Folders are named after the personal box, which keeps its name whatever is done to the account.
_FOLDERS = """
INSERT INTO mail_box
    (name, kind, owner_id, created, description, join_policy, post_policy)
SELECT b.name || f.suffix, 'folder', b.owner_id, statement_timestamp(), '', 'open', 'anyone'
FROM mail_box b CROSS JOIN unnest(%s::text[]) AS f (suffix)
WHERE b.kind = 'personal' AND b.owner_id = ANY (%s::bigint[])
ON CONFLICT DO NOTHING
"""

# A counter for every box of theirs that has none; the select is over the boxes just made, too.
_COUNTERS = """
INSERT INTO mail_boxcounter (box_id, last_uid, modseq, purged, purged_modseq, fed)
SELECT id, 0, 0, 0, 0, false FROM mail_box WHERE owner_id = ANY (%s::bigint[])
ON CONFLICT DO NOTHING
"""

# Everyone is read first, once: with statistics from when the tables were empty the planner would
# look for it again for each person.
_BROADCASTS = """
WITH everyone AS MATERIALIZED (
    SELECT c.box_id, c.last_uid FROM mail_box b JOIN mail_boxcounter c ON c.box_id = b.id
    WHERE b.kind = 'everyone'
)
INSERT INTO mail_subscription (target_id, source_id, start, watermark, created)
SELECT b.id, e.box_id, e.last_uid, e.last_uid, statement_timestamp()
FROM mail_box b CROSS JOIN everyone e
WHERE b.owner_id = ANY (%s::bigint[]) AND b.kind = 'personal'
ON CONFLICT DO NOTHING
"""


def make_boxes(user_ids: Sequence[int]) -> None:
    """Give people what they lack of personal box, folders, and subscription to everyone."""
    with connection.cursor() as cursor:
        cursor.execute(_PERSONAL, [list(user_ids)])
        cursor.execute(_FOLDERS, [_SUFFIXES, list(user_ids)])
        cursor.execute(_COUNTERS, [list(user_ids)])
        cursor.execute(_BROADCASTS, [list(user_ids)])


def without_boxes(*, after: int, limit: int) -> list[int]:
    """Ids of people above `after` who lack a box, a folder or the subscription to everyone."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT u.id FROM mail_user u WHERE u.id > %s AND (
                   (SELECT count(*) FROM mail_box b
                    JOIN mail_box p ON p.owner_id = b.owner_id AND p.kind = 'personal'
                    JOIN mail_boxcounter c ON c.box_id = b.id
                    WHERE b.owner_id = u.id
                      AND b.name = ANY (SELECT p.name || s FROM unnest(%s::text[]) AS s)) < %s
                   OR NOT EXISTS (
                       SELECT FROM mail_subscription s
                       JOIN mail_box t ON t.id = s.target_id
                       JOIN mail_box e ON e.id = s.source_id
                       WHERE t.owner_id = u.id AND t.kind = 'personal' AND e.kind = 'everyone'))
               ORDER BY u.id LIMIT %s""",
            [after, ["", *_SUFFIXES], 1 + len(_SUFFIXES), limit],
        )
        return [user_id for (user_id,) in cursor.fetchall()]
