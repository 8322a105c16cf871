"""Delivered posts as lists and the API show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery

from mail import errors
from mail.models import Attachment, Box, DeliveredPost, Flag, Post, Submission, User
from mail.selectors.boxes import names_of
from mail.selectors.submissions import addressed

PAGE = 50


@dataclass(frozen=True, slots=True)
class MessageRow:
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
    rows: list[MessageRow]
    next_before: UUID | None  # the cursor of the next page, if there is one


def page(box: Box, *, before: UUID | None = None, limit: int = PAGE) -> Page:
    """One page of a box, newest first, below the post `before`: four reads at any size."""
    rows = DeliveredPost.objects.filter(box=box)
    if before is not None:
        rows = rows.filter(post_id__lt=before)
    shown = lines_of(rows.order_by("-post_id")[: limit + 1])
    following = shown[limit - 1].post_id if len(shown) > limit else None
    return Page([line for line in shown[:limit] if not line.is_recalled], following)


def rows(box: Box, uids: Sequence[int]) -> list[MessageRow]:
    """Some delivered posts of a box as a list shows them."""
    rows = DeliveredPost.objects.filter(box=box, uid__in=uids).order_by("-post_id")
    return [line for line in lines_of(rows) if not line.is_recalled]


def lines_of(rows: QuerySet[DeliveredPost]) -> list[MessageRow]:
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
        MessageRow(
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


@dataclass(frozen=True, slots=True)
class DeliveredRow:
    """A delivered post as the API shows it."""

    box_id: int
    uid: int
    post_id: UUID
    delivered: datetime
    is_read: bool
    is_flagged: bool
    is_answered: bool
    sender_name: str
    subject: str
    created: datetime


@dataclass(frozen=True, slots=True)
class DeliveredFilter:
    """Which delivered posts are wanted; None everywhere means all."""

    sender: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    is_read: bool | None = None
    is_flagged: bool | None = None
    thread: UUID | None = None

    def apply(self, rows: QuerySet[DeliveredPost]) -> QuerySet[DeliveredPost]:
        """The rows that are wanted; times are those of the delivery."""
        if self.sender is not None:
            rows = rows.filter(sender_name__iexact=self.sender)
        if self.start is not None:
            rows = rows.filter(delivered__gte=self.start)
        if self.end is not None:
            rows = rows.filter(delivered__lt=self.end)
        if self.is_read is not None:
            rows = rows.filter(read_at__isnull=not self.is_read)
        if self.is_flagged is not None:
            flagged = Q(flags__contains=[Flag.FLAGGED.value])
            rows = rows.filter(flagged if self.is_flagged else ~flagged)
        if self.thread is not None:
            rows = rows.filter(post__in=_ids_of_thread(self.thread))
        return rows


def _ids_of_thread(thread: UUID) -> list[UUID]:
    return list(Post.objects.filter(thread=thread).values_list("pk", flat=True))


def delivered_rows(
    box_ids: Sequence[int],
    wanted: DeliveredFilter,
    *,
    before: tuple[UUID, int] | None,
    limit: int,
) -> tuple[list[DeliveredRow], tuple[UUID, int] | None]:
    """Delivered posts of some boxes, newest first, below a post and box, and where they go on.

    Each box gives its own newest, by its index; of these the newest are taken. What was recalled
    a moment ago is left out, and counts for where the next page begins all the same.
    """
    branches = []
    for box_id in box_ids:
        rows = wanted.apply(DeliveredPost.objects.filter(box=box_id))
        if before is not None:
            # Among copies of one post the boxes with higher numbers come first.
            bound = "post_id__lte" if box_id < before[1] else "post_id__lt"
            rows = rows.filter(**{bound: before[0]})
        branches.append(rows.order_by("-post_id").values_list(*_ROW)[: limit + 1])
    found = branches[0]
    if len(branches) > 1:
        united = branches[0].union(*branches[1:], all=True).order_by("-post_id", "-box_id")
        found = united[: limit + 1]
    rows_found = list(found)
    box_id, _, post_id, *_ = rows_found[limit - 1] if len(rows_found) > limit else (0, 0, None)
    place = None if post_id is None else (post_id, box_id)
    return _delivered_rows(rows_found[:limit]), place


_ROW = ("box_id", "uid", "post_id", "delivered", "read_at", "flags", "sender_name", "subject")


def delivered_row(box_id: int, uid: int) -> DeliveredRow:
    """One delivered post; raises NotFound."""
    found = _delivered_rows(
        list(DeliveredPost.objects.filter(box=box_id, uid=uid).values_list(*_ROW))
    )
    if not found:
        raise errors.NotFound
    return found[0]


def rows_of(rows: QuerySet[DeliveredPost]) -> list[DeliveredRow]:
    """Delivered posts as the API shows them, without those that were recalled."""
    return _delivered_rows(list(rows.values_list(*_ROW)))


def own_copy(user: User, box_id: int, uid: int) -> DeliveredPost:
    """A delivered post in a person's own box, with the box: one read; raises NotFound."""
    copies = DeliveredPost.objects.filter(box=box_id, uid=uid, box__owner=user)
    copy = copies.select_related("box").first()
    if copy is None:
        raise errors.NotFound
    return copy


def row_of(copy: DeliveredPost) -> DeliveredRow:
    """A delivered post that was read already; raises NotFound if it was recalled."""
    found = _delivered_rows([tuple(getattr(copy, name) for name in _ROW)])
    if not found:
        raise errors.NotFound
    return found[0]


def deliveries_of(submission: Submission) -> tuple[list[DeliveredRow], dict[int, str]]:
    """Return the copies of a submission's recipients, and the names of their boxes: one read."""
    post, to = submission.post, addressed(submission)
    rows = DeliveredPost.objects.filter(post=post.pk, box__in=to.values("box_id"))
    found = [] if post.recalled else list(rows.order_by("box_id").values_list(*_ROW, "box__name"))
    shown = _rows_made([row for *row, _ in found], {post.pk: post.created})
    return shown, {box_id: name for box_id, *_, name in found}


def _created(post_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When posts were written, by id, without those that were recalled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, created FROM mail_post WHERE id = ANY (%s::uuid[]) AND recalled IS NULL",
            [list(post_ids)],
        )
        return dict(cursor.fetchall())


def _delivered_rows(found: Sequence[Sequence[Any]]) -> list[DeliveredRow]:
    return _rows_made(found, _created([row[2] for row in found]))


def _rows_made(
    found: Sequence[Sequence[Any]], created: Mapping[UUID, datetime]
) -> list[DeliveredRow]:
    """What `_ROW` was read of, as rows, without those whose posts were recalled."""
    return [
        DeliveredRow(
            *(box_id, uid, post_id, delivered, read_at is not None),
            is_flagged=Flag.FLAGGED in (flags or ()),
            is_answered=Flag.ANSWERED in (flags or ()),
            sender_name=sender_name,
            subject=subject,
            created=created[post_id],
        )
        for box_id, uid, post_id, delivered, read_at, flags, sender_name, subject in found
        if post_id in created
    ]
