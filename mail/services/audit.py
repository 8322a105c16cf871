"""What the database does not hold itself, checked, and repaired where that is possible."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.utils import timezone

from mail import db, errors, names, selectors
from mail.content import markdown
from mail.delivery import insert, provision, recall, subscriptions
from mail.models import Box, DeliveredPost, Post, Tombstone, User
from mail.search import tokenizer
from mail.services import attachments, groups, memberships, people, sending, upkeep
from mail.storage import blobs

BATCH = 1000


@dataclass(frozen=True)
class Finding:
    """One thing looked at: how many were wrong, and how many of them were mended."""

    subject: str
    wrong: int
    repaired: int


@dataclass(frozen=True)
class _Check:
    subject: str
    count: Callable[[], int]
    repair: Callable[[], int]


def audit(*, repair: bool = False, deep: bool = False) -> Iterator[Finding]:
    """Look at every invariant in turn; with `repair`, mend what can be; with `deep`, read files."""
    for check in (*_CHECKS, *(_DEEP if deep else ())):
        wrong = check.count()
        repaired = check.repair() if wrong and repair else 0
        yield Finding(check.subject, wrong, repaired)


def _counted(sql: str) -> Callable[[], int]:
    def count() -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM ({sql}) AS wrong")
            return int(cursor.fetchone()[0])

    return count


def _executed(sql: str) -> Callable[[], int]:
    def repair() -> int:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return int(cursor.rowcount)

    return repair


def _rows(sql: str) -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


# --- People and groups ---------------------------------------------------------------------------


def _people() -> Iterator[list[int]]:
    after = 0
    while ids := provision.without_boxes(after=after, limit=BATCH):
        yield ids
        after = ids[-1]


def _count_people() -> int:
    return sum(len(ids) for ids in _people())


def _repair_people() -> int:
    before = _count_people()
    for ids in _people():
        people.provision(user_ids=ids)
    return before - _count_people()


_RENAMED = """
SELECT u.id FROM mail_user u JOIN mail_box b ON b.owner_id = u.id AND b.kind = 'personal'
WHERE b.name <> u.username"""


# A name that cannot be typed: what people type is normalised.
_UNNORMALISED = "SELECT id FROM mail_user WHERE username IS NOT NFKC NORMALIZED"


def _repair_unnormalised() -> int:
    people = User.objects.filter(pk__in=[pk for (pk,) in _rows(_UNNORMALISED)])
    return sum(map(_normalise, people))


@transaction.atomic
def _normalise(user: User) -> bool:
    """Name a person, and their boxes, as it looks; False where that is another's name."""
    try:
        name = people.check_name_free(name=user.username)
    except errors.InvalidInput:
        return False
    for box in user.boxes.all():
        owner, colon, folder = box.name.partition(":")
        if owner == user.username:
            Box.objects.filter(pk=box.pk).update(name=f"{name}{colon}{folder}")
    return bool(User.objects.filter(pk=user.pk).update(username=name))


# Who wrote, or was written to, and has no box any more: deleted past all signals.
_UNRESERVED = """
SELECT DISTINCT ON (lower(name)) name FROM (
    SELECT sender_name AS name FROM mail_post WHERE sender_id IS NULL
    UNION SELECT unnest("to" || cc) FROM mail_post
) AS mentioned
WHERE name <> ''
  AND NOT EXISTS (SELECT FROM mail_box b WHERE lower(b.name) = lower(mentioned.name))
  AND NOT EXISTS (SELECT FROM mail_reservedname r WHERE lower(r.name) = lower(mentioned.name))"""


def _repair_groups() -> int:
    repaired = 0
    for group in Group.objects.filter(box=None):
        try:
            groups.open_box(group=group)
        except errors.InvalidInput:
            continue
        repaired += 1
    return repaired


_UNSUBSCRIBED = """
SELECT g.id AS group_id, p.owner_id FROM mail_user_groups ug
JOIN auth_group g ON g.id = ug.group_id
JOIN mail_box b ON b.group_id = g.id
JOIN mail_box p ON p.owner_id = ug.user_id AND p.kind = 'personal'
WHERE NOT EXISTS (SELECT FROM mail_subscription s
                  WHERE s.target_id = p.id AND s.source_id = b.id)"""
_LEFT_OVER = """
SELECT b.id AS source_id, p.id AS target_id FROM mail_subscription s
JOIN mail_box b ON b.id = s.source_id AND b.kind = 'group'
JOIN mail_box p ON p.id = s.target_id AND p.kind = 'personal'
WHERE NOT EXISTS (SELECT FROM mail_user_groups ug
                  WHERE ug.user_id = p.owner_id AND ug.group_id = b.group_id)"""


def _repair_unsubscribed() -> int:
    members = _grouped(_UNSUBSCRIBED)
    for group_id, user_ids in members.items():
        memberships.members_joined(group_id=group_id, user_ids=user_ids)
    return sum(map(len, members.values()))


def _repair_left_over() -> int:
    targets = _grouped(_LEFT_OVER)
    for source_id, target_ids in targets.items():
        subscriptions.unsubscribe(source_id, target_ids)
    return sum(map(len, targets.values()))


def _grouped(sql: str) -> dict[int, list[int]]:
    """The second column's values by the first's."""
    groups: dict[int, list[int]] = {}
    for key, value in _rows(sql):
        groups.setdefault(key, []).append(value)
    return groups


# --- Boxes ---------------------------------------------------------------------------------------

_ABOVE = """
SELECT c.box_id FROM mail_boxcounter c WHERE c.last_uid < greatest(
    (SELECT max(uid) FROM mail_deliveredpost d WHERE d.box_id = c.box_id),
    (SELECT max(uid) FROM mail_tombstone t WHERE t.box_id = c.box_id))"""
_GAPS = """
SELECT c.box_id FROM mail_boxcounter c
LEFT JOIN (SELECT box_id, count(*) AS n FROM mail_deliveredpost GROUP BY box_id) d USING (box_id)
LEFT JOIN (SELECT box_id, count(*) AS n FROM mail_tombstone GROUP BY box_id) t USING (box_id)
WHERE c.last_uid <> coalesce(d.n, 0) + coalesce(t.n, 0) + c.purged"""
_AHEAD = """
SELECT s.target_id FROM mail_subscription s JOIN mail_boxcounter c ON c.box_id = s.source_id
WHERE s.watermark > c.last_uid OR s.start > s.watermark"""
_OLD_CHANGES = """
SELECT c.box_id FROM mail_boxcounter c WHERE c.modseq < greatest(
    (SELECT max(modseq) FROM mail_deliveredpost d WHERE d.box_id = c.box_id),
    (SELECT max(modseq) FROM mail_tombstone t WHERE t.box_id = c.box_id))"""
_TWICE = """
SELECT d.box_id, d.uid FROM mail_deliveredpost d
JOIN mail_tombstone t ON t.box_id = d.box_id AND t.uid = d.uid"""
_FED = """
SELECT c.box_id FROM mail_boxcounter c JOIN mail_box b ON b.id = c.box_id
WHERE b.kind = 'group' AND c.fed <> EXISTS (SELECT FROM mail_subscription s
                                            WHERE s.target_id = c.box_id)"""
# Told by tombstones only while they are kept, so what is older is not judged.
_MISSED = f"""
SELECT s.target_id, d.post_id FROM mail_subscription s
JOIN mail_deliveredpost d ON d.box_id = s.source_id AND d.uid > s.start AND d.uid <= s.watermark
WHERE d.delivered > now() - interval '{upkeep.TOMBSTONES_KEPT.days - 1} days'
  AND NOT EXISTS (SELECT FROM mail_deliveredpost h
                  WHERE h.box_id = s.target_id AND h.post_id = d.post_id)
  AND NOT EXISTS (SELECT FROM mail_tombstone t
                  WHERE t.box_id = s.target_id AND t.post_id = d.post_id)"""


# They would stay in the trash for ever.
_UNDATED = f"""
SELECT d.box_id, d.uid FROM mail_deliveredpost d JOIN mail_box b ON b.id = d.box_id
WHERE b.kind = 'folder' AND b.name LIKE '%{names.folder("", names.TRASH)}' AND d.moved IS NULL"""


def _repair_missed() -> int:
    boxes: dict[object, list[int]] = {}
    for box_id, post_id in _rows(_MISSED):
        boxes.setdefault(post_id, []).append(box_id)
    posts = Post.objects.in_bulk(list(boxes))
    rows = [
        insert.Delivery(post.pk, post.thread, post.subject, post.sender_name, boxes[post.pk])
        for post in posts.values()
    ]
    return len(db.retried(lambda: insert.insert(rows))) if rows else 0


# --- Posts ---------------------------------------------------------------------------------------

_DANGLING = """
SELECT d.post_id FROM mail_deliveredpost d
WHERE NOT EXISTS (SELECT FROM mail_post p WHERE p.id = d.post_id) GROUP BY d.post_id"""
_HOMELESS = "NOT EXISTS (SELECT FROM mail_box b WHERE b.id = {}.box_id)"
_STRAY = """
SELECT p.id FROM mail_post p WHERE p.recalled IS NOT NULL
AND EXISTS (SELECT FROM mail_deliveredpost d WHERE d.post_id = p.id)"""
_DRIFTED = """
SELECT d.box_id FROM mail_deliveredpost d JOIN mail_post p ON p.id = d.post_id
WHERE d.subject <> p.subject OR d.sender_name <> p.sender_name"""


def _remove_posts(sql: str) -> Callable[[], int]:
    def repair() -> int:
        posts = _rows(sql)
        for (post_id,) in posts:
            recall.sweep(post_id)  # type: ignore[arg-type]
        return len(posts)

    return repair


def _count_unrendered() -> int:
    return Post.objects.filter(renderer__lt=markdown.RENDERER_VERSION).count()


def _repair_unrendered() -> int:
    repaired = 0
    stale = Post.objects.filter(renderer__lt=markdown.RENDERER_VERSION)
    while posts := list(stale[:100]):
        for post in posts:
            sending.render(post=post)
        Post.objects.bulk_update(posts, ["body_html", "snippet", "renderer"])
        repaired += len(posts)
    return repaired


def _count_pending() -> int:
    # What is on its way at this moment is not late.
    due = timezone.now() - timedelta(minutes=1)
    return selectors.submissions.due(due).count()


def _repair_pending() -> int:
    return len(sending.deliver_pending())


# A crash between the acceptance and the end of the draft. One saved since then is another text.
_SENT_DRAFTS = """
SELECT d.id FROM mail_draft d JOIN mail_submission s
ON s.sender_id = d.owner_id AND s.idempotency_key = 'draft:' || d.id
WHERE d.updated <= s.created"""


# --- Attachments ---------------------------------------------------------------------------------


def _strays() -> Iterator[str]:
    # Others may be on their way to their row.
    return blobs.strays(before=timezone.now() - attachments.FILES_KEPT)


def _count(found: Callable[[], Iterator[object]]) -> Callable[[], int]:
    return lambda: sum(1 for _ in found())


def _repair_strays() -> int:
    paths = list(_strays())
    for path in paths:
        blobs.remove(path)
    return len(paths) - sum(1 for _ in _strays())


def _no_repair() -> int:
    """What is lost comes back from a backup only."""
    return 0


_dp, _ts = DeliveredPost._meta.db_table, Tombstone._meta.db_table  # noqa: SLF001 - Django's API

_CHECKS = (
    _Check("people without their boxes", _count_people, _repair_people),
    _Check(
        "people who are not called like their box",
        _counted(_RENAMED),
        # Other people's posts name the box, so it is the account that takes its name back.
        _executed(
            """UPDATE mail_user u SET username = b.name FROM mail_box b
               WHERE b.owner_id = u.id AND b.kind = 'personal' AND b.name <> u.username"""
        ),
    ),
    _Check(
        "people whose name is not normalised",
        _counted(_UNNORMALISED),
        _repair_unnormalised,
    ),
    _Check(
        "names of deleted people that could be given again",
        _counted(_UNRESERVED),
        _executed(
            "INSERT INTO mail_reservedname (name, created)"
            f" SELECT name, statement_timestamp() FROM ({_UNRESERVED}) AS wrong"
            " ON CONFLICT DO NOTHING"
        ),
    ),
    _Check("groups without a box", Group.objects.filter(box=None).count, _repair_groups),
    _Check(
        "boxes without a counter",
        _counted(
            "SELECT id FROM mail_box b"
            " WHERE NOT EXISTS (SELECT FROM mail_boxcounter c WHERE c.box_id = b.id)"
        ),
        _executed(
            # A state from before is too old, since it cannot be known what was purged.
            """INSERT INTO mail_boxcounter (box_id, last_uid, modseq, purged, purged_modseq, fed)
               SELECT b.id, greatest(d.uid, t.uid, 0), m.modseq, 0, m.modseq, false FROM mail_box b
               LEFT JOIN (SELECT box_id, max(uid) AS uid, max(modseq) AS modseq
                          FROM mail_deliveredpost GROUP BY box_id) d ON d.box_id = b.id
               LEFT JOIN (SELECT box_id, max(uid) AS uid, max(modseq) AS modseq
                          FROM mail_tombstone GROUP BY box_id) t ON t.box_id = b.id,
               LATERAL (SELECT greatest(d.modseq, t.modseq, 0) + 1 AS modseq) m
               ON CONFLICT DO NOTHING"""
        ),
    ),
    _Check(
        "delivered posts and traces of boxes that are gone",
        _counted(
            f"SELECT 1 FROM {_dp} d WHERE {_HOMELESS.format('d')}"
            f" UNION ALL SELECT 1 FROM {_ts} t WHERE {_HOMELESS.format('t')}"
        ),
        lambda: (
            _executed(f"DELETE FROM {_dp} d WHERE {_HOMELESS.format('d')}")()
            + _executed(f"DELETE FROM {_ts} t WHERE {_HOMELESS.format('t')}")()
        ),
    ),
    _Check("delivered posts whose post is gone", _counted(_DANGLING), _remove_posts(_DANGLING)),
    _Check("recalled posts still in a box", _counted(_STRAY), _remove_posts(_STRAY)),
    _Check(
        "delivered posts through a box that is gone",
        _counted(
            f"SELECT 1 FROM {_dp} d WHERE source_id IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM mail_box b WHERE b.id = d.source_id)"
        ),
        _executed(
            f"UPDATE {_dp} d SET source_id = NULL WHERE source_id IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM mail_box b WHERE b.id = d.source_id)"
        ),
    ),
    _Check(
        "uids above their box's counter",
        _counted(_ABOVE),
        _executed(
            f"""UPDATE mail_boxcounter c SET modseq = modseq + 1, last_uid = greatest(
                    (SELECT max(uid) FROM mail_deliveredpost d WHERE d.box_id = c.box_id),
                    (SELECT max(uid) FROM mail_tombstone t WHERE t.box_id = c.box_id))
                WHERE c.box_id IN ({_ABOVE})"""
        ),
    ),
    _Check(
        "changes above their box's counter",
        _counted(_OLD_CHANGES),
        _executed(
            f"""UPDATE mail_boxcounter c SET modseq = 1 + greatest(
                    (SELECT max(modseq) FROM mail_deliveredpost d WHERE d.box_id = c.box_id),
                    (SELECT max(modseq) FROM mail_tombstone t WHERE t.box_id = c.box_id))
                WHERE c.box_id IN ({_OLD_CHANGES})"""
        ),
    ),
    _Check(
        "traces of what is still there",
        _counted(_TWICE),
        _executed(f"DELETE FROM {_ts} t USING {_dp} d WHERE d.box_id = t.box_id AND d.uid = t.uid"),
    ),
    # What is lost cannot be found again: repairing makes it known, so that the next is noticed.
    _Check(
        "boxes with gaps that no deletion explains",
        _counted(_GAPS),
        _executed(
            f"""UPDATE mail_boxcounter c SET purged = last_uid
                    - (SELECT count(*) FROM mail_deliveredpost d WHERE d.box_id = c.box_id)
                    - (SELECT count(*) FROM mail_tombstone t WHERE t.box_id = c.box_id)
                WHERE c.box_id IN ({_GAPS})"""
        ),
    ),
    _Check(
        "watermarks above their source",
        _counted(_AHEAD),
        _executed(
            """UPDATE mail_subscription s SET watermark = least(s.watermark, c.last_uid),
                      start = least(s.start, s.watermark, c.last_uid)
               FROM mail_boxcounter c WHERE c.box_id = s.source_id
               AND (s.watermark > c.last_uid OR s.start > s.watermark)"""
        ),
    ),
    _Check(
        "groups wrongly marked as fed or not",
        _counted(_FED),
        _executed(f"UPDATE mail_boxcounter c SET fed = NOT fed WHERE c.box_id IN ({_FED})"),
    ),
    _Check(
        "members without a subscription",
        _counted(_UNSUBSCRIBED),
        _repair_unsubscribed,
    ),
    _Check(
        "subscriptions of people who are no members",
        _counted(_LEFT_OVER),
        _repair_left_over,
    ),
    _Check("posts that a subscription passed over", _counted(_MISSED), _repair_missed),
    _Check(
        "lists that name another subject or sender than the post",
        _counted(_DRIFTED),
        _executed(
            """UPDATE mail_deliveredpost d SET subject = p.subject, sender_name = p.sender_name
               FROM mail_post p WHERE p.id = d.post_id
               AND (d.subject <> p.subject OR d.sender_name <> p.sender_name)"""
        ),
    ),
    _Check(
        "posts in a trash without the time of their move",
        _counted(_UNDATED),
        _executed(
            f"UPDATE {_dp} SET moved = statement_timestamp() WHERE (box_id, uid) IN ({_UNDATED})"
        ),
    ),
    _Check("bodies not rendered by this version", _count_unrendered, _repair_unrendered),
    _Check(
        "posts that a search does not find",
        _counted(
            f"""SELECT 1 FROM mail_post p WHERE NOT EXISTS (
                    SELECT FROM mail_postwords w
                    WHERE w.post_id = p.id AND w.version = {tokenizer.VERSION})"""
        ),
        upkeep.index_posts,
    ),
    _Check("submissions waiting for delivery", _count_pending, _repair_pending),
    _Check(
        "drafts that were sent already",
        _counted(_SENT_DRAFTS),
        _executed(f"DELETE FROM mail_draft WHERE id IN ({_SENT_DRAFTS})"),
    ),
    _Check("attachments whose file is gone or cut short", _count(blobs.damaged), _no_repair),
    _Check("files that no attachment knows", _count(_strays), _repair_strays),
)
_DEEP = (_Check("attachments whose file was altered", _count(blobs.altered), _no_repair),)
