"""A box as a list shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from mail import errors
from mail.models import Attachment, Box, DeliveredPost, Flag, Post, User

PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A delivered post as a list shows it."""

    box_id: int
    uid: int
    post_id: UUID
    subject: str
    sender_name: str  # the username
    sender: str  # the full name, where there is one
    is_read: bool
    is_flagged: bool
    is_answered: bool
    source: str  # the group, or everyone, that it came through; empty when direct
    created: datetime
    snippet: str
    to: Sequence[str]
    has_attachment: bool
    is_recalled: bool  # a moment ago: it is about to leave the box, and not to be shown


@dataclass(frozen=True, slots=True)
class Page:
    lines: list[Line]
    next_before: UUID | None  # the cursor of the next page, if there is one


def page(box: Box, *, before: UUID | None = None, limit: int = PAGE) -> Page:
    """One page of a box, newest first, below the post `before`: four reads at any size."""
    rows = DeliveredPost.objects.filter(box=box)
    if before is not None:
        rows = rows.filter(post_id__lt=before)
    shown = lines_of(rows.order_by("-post_id")[: limit + 1])
    following = shown[limit - 1].post_id if len(shown) > limit else None
    return Page([line for line in shown[:limit] if not line.is_recalled], following)


def lines(box: Box, uids: Sequence[int]) -> list[Line]:
    """Some delivered posts of a box as a list shows them."""
    rows = DeliveredPost.objects.filter(box=box, uid__in=uids).order_by("-post_id")
    return [line for line in lines_of(rows) if not line.is_recalled]


def lines_of(rows: QuerySet[DeliveredPost]) -> list[Line]:
    """Delivered posts as a list shows them, also those that were recalled a moment ago."""
    found = list(
        rows.values_list(
            *("box_id", "uid", "post_id", "subject", "sender_name", "read_at", "flags", "source_id")
        )
    )
    posts = _shown_of_posts([row[2] for row in found])
    sources = names_of({row[7] for row in found if row[7] is not None})
    people = full_names({row[4] for row in found})
    return [
        Line(
            *(box_id, uid, post_id, subject, sender, people.get(sender, sender)),
            read_at is not None,
            Flag.FLAGGED in (flags or ()),
            Flag.ANSWERED in (flags or ()),
            sources.get(source_id or 0, ""),
            *posts.get(post_id, _GONE),
        )
        for box_id, uid, post_id, subject, sender, read_at, flags, source_id in found
    ]


class _OfPost(NamedTuple):
    created: datetime
    snippet: str
    to: Sequence[str]
    has_attachment: bool
    is_recalled: bool


_GONE = _OfPost(datetime.min.replace(tzinfo=UTC), "", to=(), has_attachment=False, is_recalled=True)


def _shown_of_posts(post_ids: Sequence[UUID]) -> dict[UUID, _OfPost]:
    """What the posts themselves tell: read apart, not joined."""
    posts = Post.objects.filter(pk__in=post_ids)
    # By the index, post by post: for EXISTS the planner would rather read all of a small table.
    file = Subquery(Attachment.objects.filter(post=OuterRef("pk")).values("pk")[:1])
    rows = posts.annotate(file=file).values_list(
        *("pk", "created", "snippet", "to", "file", "recalled")
    )
    return {
        pk: _OfPost(created, snippet, to, file is not None, recalled is not None)
        for pk, created, snippet, to, file, recalled in rows
    }


def names_of(box_ids: set[int]) -> dict[int, str]:
    """Names of boxes by id."""
    return dict(Box.objects.filter(pk__in=box_ids).values_list("pk", "name"))


def full_names(usernames: set[str]) -> dict[str, str]:
    """What people are called by username, of those who say more than that: one read."""
    people = User.objects.filter(username__in=usernames).exclude(first_name="", last_name="")
    return {person.username: person.get_full_name() for person in people.only(*_NAMES)}


_NAMES = ("username", "first_name", "last_name")


def delivered_post(box: Box, uid: int) -> DeliveredPost:
    """A delivered post of a box with its post; raises NotFound, also for one recalled."""
    # Posts and delivered posts may live on different machines, so they are never joined.
    rows = DeliveredPost.objects.filter(box=box, uid=uid)
    found = rows.prefetch_related("post", "source").first()
    if found is None or found.post.recalled:
        raise errors.NotFound
    return found


# In the order of the list, and by its index: by posts alone, a box's newest would be looked for
# among all that others got since. A post that just left the box is told by its tombstone.
_NEIGHBOURS = """
WITH here AS MATERIALIZED (
    SELECT post_id FROM mail_deliveredpost WHERE box_id = %s AND uid = %s
    UNION ALL
    SELECT post_id FROM mail_tombstone WHERE box_id = %s AND uid = %s
    LIMIT 1
)
SELECT (SELECT CASE WHEN box_id = %s THEN uid END FROM mail_deliveredpost
        WHERE (box_id, post_id) > (%s, (SELECT * FROM here))
        ORDER BY box_id, post_id LIMIT 1),
       (SELECT CASE WHEN box_id = %s THEN uid END FROM mail_deliveredpost
        WHERE (box_id, post_id) < (%s, (SELECT * FROM here))
        ORDER BY box_id DESC, post_id DESC LIMIT 1)
"""


def neighbours(box: Box, uid: int) -> tuple[int | None, int | None]:
    """The uids of the next newer and the next older post in the list of a box: one read.

    Also of one that left the box a moment ago; none for a uid that the box never gave out.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEIGHBOURS, [box.pk, uid] * 2 + [box.pk] * 4)
        newer, older = cursor.fetchone()
        return newer, older
