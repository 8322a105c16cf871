"""Boxes: whose they are, and what is in them in numbers."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q

from mail import errors, names
from mail.models import Box, BoxQuerySet, DeliveredPost, User


def own_box(user: User, folder: str = "") -> Box:
    """A person's personal box, or a folder by its short name, with its counter; raises NotFound."""
    name = names.folder(user.username, folder) if folder else user.username
    box = Box.objects.filter(owner=user).named(name).select_related("counter").first()
    if box is None:
        raise errors.NotFound
    return box


def unread_counts(user: User) -> dict[str, int]:
    """Unread posts by short name of box, "" for the personal one; one read."""
    unread = DeliveredPost.objects.filter(box__owner=user, read_at=None).order_by()
    return {
        "" if kind == Box.Kind.PERSONAL else name.rpartition(":")[2]: count
        for name, kind, count in unread.values_list("box__name", "box__kind").annotate(n=Count("*"))
    }


@dataclass(frozen=True, slots=True)
class Folder:
    """A box of a person's in numbers, as beside a list."""

    box_id: int
    name: str  # short; empty for the personal box
    is_fixed: bool  # whether everybody has it, and nobody can delete it
    unread: int
    total: int


# What a counter gave out is there, or left a tombstone, or was counted when that was purged: so
# the total needs no count of the box, which may be large, but of what left it lately.
_FOLDERS = """
SELECT b.id, b.name,
       (SELECT count(*) FROM mail_deliveredpost d WHERE d.box_id = b.id AND d.read_at IS NULL),
       c.last_uid - c.purged - (SELECT count(*) FROM mail_tombstone t WHERE t.box_id = b.id)
FROM mail_box b JOIN mail_boxcounter c ON c.box_id = b.id WHERE b.owner_id = %s
"""


def folders(user: User) -> list[Folder]:
    """All boxes of a person with what is in them: the fixed ones, then those made; one read."""
    with connection.cursor() as cursor:
        cursor.execute(_FOLDERS, [user.pk])
        found = [_folder(*row) for row in cursor.fetchall()]
    order = {name: place for place, name in enumerate(["", *names.FOLDERS])}
    return sorted(found, key=lambda box: (order.get(box.name, len(order)), names.fold(box.name)))


def _folder(box_id: int, name: str, unread: int, total: int) -> Folder:
    short = name.rpartition(":")[2] if ":" in name else ""
    return Folder(box_id, short, short in ("", *names.FOLDERS), unread, total)


# --- What is new ---------------------------------------------------------------------------------

# A group of groups is served when somebody looks, so its own sources are asked as well.
_HAS_NEWS = """
WITH RECURSIVE feeding (source_id, waits, fed) AS (
    SELECT s.source_id, c.last_uid > s.watermark, c.fed
    FROM mail_subscription s JOIN mail_boxcounter c ON c.box_id = s.source_id
    WHERE s.target_id = %s::bigint
    UNION
    SELECT s.source_id, c.last_uid > s.watermark, c.fed
    FROM feeding f JOIN mail_subscription s ON s.target_id = f.source_id
    JOIN mail_boxcounter c ON c.box_id = s.source_id
    WHERE f.fed
)
SELECT EXISTS (SELECT FROM mail_boxcounter WHERE box_id = %s::bigint AND modseq > %s)
    OR EXISTS (SELECT FROM feeding WHERE waits)
"""


def has_updates(box: Box, modseq: int) -> bool:
    """Whether anything changed in a box since a modseq, or waits to be pulled: one read, no lock.

    Then `services.sync` is worth its while. What it pulls may turn out to be there already: the
    watermarks have then moved on, and this says no.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HAS_NEWS, [box.pk, box.pk, modseq])
        return bool(cursor.fetchone()[0])


# --- For the API ---------------------------------------------------------------------------------


def visible_boxes(user: User) -> BoxQuerySet:
    """Boxes that one can write to, and one's own folders."""
    return Box.objects.filter(Q(pk__in=Box.objects.addressable()) | Q(owner=user))


def visible_box(user: User, name: str) -> Box:
    """Raises NotFound, also for other people's folders."""
    box = visible_boxes(user).named(name).select_related("counter", "owner", "group").first()
    if box is None:
        raise errors.NotFound
    return box


def own_box_named(user: User, name: str) -> Box:
    """One of a person's own boxes by its full name, with its counter; raises NotFound."""
    box = Box.objects.filter(owner=user).named(name).select_related("counter").first()
    if box is None:
        raise errors.NotFound
    return box


def own_boxes(user: User) -> list[Box]:
    """All boxes of a person, with their counters."""
    return list(Box.objects.filter(owner=user).select_related("counter").order_by("pk"))


def names_of(box_ids: set[int]) -> dict[int, str]:
    """Names of boxes by id."""
    return dict(Box.objects.filter(pk__in=box_ids).values_list("pk", "name"))
