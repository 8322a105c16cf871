"""Every composed read; nothing here writes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from mail import direct, errors, names
from mail.models import (
    Box,
    BoxCounter,
    BoxQuerySet,
    DeliveredPost,
    Post,
    Tombstone,
    User,
)

PAGE = 50


@dataclass(frozen=True, slots=True)
class Line:
    """A delivered post as a list shows it."""

    box_id: int
    uid: int
    post_id: UUID
    subject: str
    sender_name: str
    delivered: datetime
    is_read: bool
    source: str  # the group, or everyone, that it came through; empty when direct
    snippet: str
    to: Sequence[str]
    is_recalled: bool  # a moment ago: it is about to leave the box, and not to be shown


@dataclass(frozen=True, slots=True)
class Page:
    lines: list[Line]
    next_before: UUID | None  # the cursor of the next page, if there is one


# Asked by each box's next post in its index, since a broadcast's copies are many: by the post
# alone the planner, who expects few, would read them all.
_READABLE = """
SELECT {} FROM mail_post p
WHERE p.id = %s AND p.recalled IS NULL AND (p.sender_id = %s OR EXISTS (
    SELECT FROM mail_box b WHERE b.owner_id = %s AND p.id = (
        SELECT d.post_id FROM mail_deliveredpost d
        WHERE d.box_id = b.id AND d.post_id >= p.id ORDER BY d.box_id, d.post_id LIMIT 1)))
"""


def readable_post(user: User, post_id: UUID) -> Post:
    """A post that a person sent or was delivered, and that was not recalled; raises NotFound."""
    return direct.made(Post, _readable(direct.columns(Post, "p"), user, post_id))[0]


def readable_version(user: User, post_id: UUID) -> tuple[int, int | None]:
    """What can change about a post: its rendering and whether its sender is known; as above."""
    renderer, sender_id = _readable("p.renderer, p.sender_id", user, post_id)
    return renderer, sender_id


def _readable(columns: str, user: User, post_id: UUID) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_READABLE.format(columns), [post_id, user.pk, user.pk])
        found: Sequence[Any] | None = cursor.fetchone()
    if found is None:
        raise errors.NotFound
    return found


def own_box(user: User, folder: str = "") -> Box:
    """A person's personal box, or a folder by its short name; raises NotFound."""
    name = names.folder(user.username, folder) if folder else user.username
    box = Box.objects.filter(owner=user).named(name).first()
    if box is None:
        raise errors.NotFound
    return box


def page(box: Box, *, before: UUID | None = None, limit: int = PAGE) -> Page:
    """One page of a box, newest first, below the post `before`: three reads at any size."""
    rows = DeliveredPost.objects.filter(box=box)
    if before is not None:
        rows = rows.filter(post_id__lt=before)
    shown = _lines(rows.order_by("-post_id")[: limit + 1])
    following = shown[limit - 1].post_id if len(shown) > limit else None
    return Page([line for line in shown[:limit] if not line.is_recalled], following)


def lines(box: Box, uids: Sequence[int]) -> list[Line]:
    """Some delivered posts of a box as a list shows them."""
    rows = DeliveredPost.objects.filter(box=box, uid__in=uids).order_by("-post_id")
    return [line for line in _lines(rows) if not line.is_recalled]


def _lines(rows: QuerySet[DeliveredPost]) -> list[Line]:
    found = list(
        rows.values_list(
            *("box_id", "uid", "post_id", "subject", "sender_name", "delivered", "read_at"),
            "source_id",
        )
    )
    posts = _shown_of_posts([row[2] for row in found])
    sources = names_of({row[7] for row in found if row[7] is not None})
    return [
        Line(
            *(box_id, uid, post_id, subject, sender_name, delivered, read_at is not None),
            sources.get(source_id or 0, ""),
            *posts.get(post_id, ("", (), True)),
        )
        for box_id, uid, post_id, subject, sender_name, delivered, read_at, source_id in found
    ]


def _shown_of_posts(post_ids: Sequence[UUID]) -> dict[UUID, tuple[str, Sequence[str], bool]]:
    """First words, recipients, and whether it was recalled, by post: read apart, not joined."""
    posts = Post.objects.filter(pk__in=post_ids)
    return {
        pk: (snippet, to, recalled is not None)
        for pk, snippet, to, recalled in posts.values_list("pk", "snippet", "to", "recalled")
    }


def names_of(box_ids: set[int]) -> dict[int, str]:
    """Names of boxes by id."""
    return dict(Box.objects.filter(pk__in=box_ids).values_list("pk", "name"))


def delivered_post(box: Box, uid: int) -> DeliveredPost:
    """A delivered post of a box with its post; raises NotFound, also for one recalled."""
    # Posts and delivered posts may live on different machines, so they are never joined.
    rows = DeliveredPost.objects.filter(box=box, uid=uid)
    found = rows.prefetch_related("post", "source").first()
    if found is None or found.post.recalled:
        raise errors.NotFound
    return found


def unread_counts(user: User) -> dict[str, int]:
    """Unread posts by short name of box, "" for the personal one; one read."""
    unread = DeliveredPost.objects.filter(box__owner=user, read_at=None).order_by()
    return {
        "" if kind == Box.Kind.PERSONAL else name.rpartition(":")[2]: count
        for name, kind, count in unread.values_list("box__name", "box__kind").annotate(n=Count("*"))
    }


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


@dataclass(frozen=True, slots=True)
class DeliveredRow:
    """A delivered post as the API shows it."""

    box_id: int
    uid: int
    post_id: UUID
    delivered: datetime
    is_read: bool
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


_ROW = ("box_id", "uid", "post_id", "delivered", "read_at", "sender_name", "subject")


def delivered_row(box_id: int, uid: int) -> DeliveredRow:
    """One delivered post; raises NotFound."""
    found = _delivered_rows(
        list(DeliveredPost.objects.filter(box=box_id, uid=uid).values_list(*_ROW))
    )
    if not found:
        raise errors.NotFound
    return found[0]


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


def deliveries_of(post_id: UUID, box_ids: Sequence[int]) -> list[DeliveredRow]:
    """A post's copies in some boxes."""
    rows = DeliveredPost.objects.filter(post=post_id, box__in=box_ids).order_by("box_id")
    return _delivered_rows(list(rows.values_list(*_ROW)))


def _created(post_ids: Sequence[UUID]) -> dict[UUID, datetime]:
    """When posts were written, by id, without those that were recalled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, created FROM mail_post WHERE id = ANY (%s::uuid[]) AND recalled IS NULL",
            [list(post_ids)],
        )
        return dict(cursor.fetchall())


def _delivered_rows(found: Sequence[tuple[Any, ...]]) -> list[DeliveredRow]:
    created = _created([row[2] for row in found])
    return [
        DeliveredRow(
            *(box_id, uid, post_id, delivered, read_at is not None, sender_name, subject),
            created=created[post_id],
        )
        for box_id, uid, post_id, delivered, read_at, sender_name, subject in found
        if post_id in created
    ]


@dataclass(frozen=True, slots=True)
class BoxChanges:
    """What happened in a box between two states: uids."""

    state: str
    has_more: bool
    added: list[int]
    changed: list[int]
    removed: list[int]


def state_of(counter: BoxCounter) -> str:
    """A box's state: its modseq, and the uid up to which one has seen it."""
    return f"{counter.modseq}.{counter.last_uid}"


def changes_since(box: Box, since: str, *, limit: int) -> BoxChanges:
    """What happened after a state; raises StateInvalid, or StateTooOld where it is not known.

    At most about `limit` changes: those of one modseq were made at once and stay together.
    """
    counter = BoxCounter.objects.get(pk=box.pk)
    modseq, last_uid = _state(since, counter)
    if modseq < counter.purged_modseq:
        raise errors.StateTooOld
    # What happens while this reads is said as well, and once more the next time: a bound would
    # leave out a new post that was marked meanwhile, and later call it changed, never added.
    rows = DeliveredPost.objects.filter(box=box, modseq__gt=modseq)
    gone = Tombstone.objects.filter(box=box, modseq__gt=modseq)
    upto, has_more = _cut(rows, gone, limit, counter.modseq)
    if has_more:
        rows, gone = rows.filter(modseq__lte=upto), gone.filter(modseq__lte=upto)
    alive = list(rows.order_by("uid").values_list("uid", flat=True))
    removed = gone.order_by("uid").values_list("uid", flat=True)
    return BoxChanges(
        # Before the end the old uid stays: what comes is then said to be added once too often
        # rather than never.
        state=f"{upto}.{last_uid}" if has_more else state_of(counter),
        has_more=has_more,
        added=[uid for uid in alive if uid > last_uid],
        changed=[uid for uid in alive if uid <= last_uid],
        removed=list(removed),
    )


def _state(since: str, counter: BoxCounter) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,18})\.([0-9]{1,18})", since)
    if match is None:
        raise errors.StateInvalid
    modseq, last_uid = int(match[1]), int(match[2])
    if modseq > counter.modseq or last_uid > counter.last_uid:
        raise errors.StateInvalid
    return modseq, last_uid


def _cut(
    rows: QuerySet[DeliveredPost], gone: QuerySet[Tombstone], limit: int, end: int
) -> tuple[int, bool]:
    """Up to which modseq one answer goes, and whether that is not the end."""
    modseqs = rows.values_list("modseq").union(gone.values_list("modseq"), all=True)
    first = [modseq for (modseq,) in modseqs.order_by("modseq")[: limit + 1]]
    if len(first) <= limit:
        return end, False
    # The first beyond the limit is left for the next answer, unless all belong to it.
    upto = first[-1] - 1 if first[-1] > first[0] else first[-1]
    return upto, True


@dataclass(frozen=True, slots=True)
class Exported:
    """A delivered post with all of its post."""

    uid: int
    delivered: datetime
    is_read: bool
    post: Post


def exported(box: Box, *, batch: int = 100) -> Iterator[Exported]:
    """A whole box in the order of its uids, in batches, at constant memory."""
    after = 0
    while True:
        rows = DeliveredPost.objects.filter(box=box, uid__gt=after).order_by("uid")
        found = list(rows.values_list("uid", "post_id", "delivered", "read_at")[:batch])
        if not found:
            return
        after = found[-1][0]
        posts = Post.objects.filter(recalled=None).in_bulk([row[1] for row in found])
        for uid, post_id, delivered, read_at in found:
            if post_id in posts:
                yield Exported(uid, delivered, read_at is not None, posts[post_id])


def all_readable_posts(user: User) -> QuerySet[Post]:
    """Posts that a person sent or was delivered, and that were not recalled."""
    delivered = DeliveredPost.objects.filter(box__in=[box.pk for box in own_boxes(user)])
    return Post.objects.filter(
        Q(sender=user) | Q(pk__in=delivered.values("post_id")), recalled=None
    )


def recallable_post(user: User, post_id: UUID) -> Post:
    """A post that one can see, or that staff may recall unseen; raises NotFound."""
    if user.has_perm("mail.recall"):
        post = Post.objects.filter(pk=post_id, recalled=None).first()
        if post is not None:
            return post
    return readable_post(user, post_id)


def own_post(user: User, post_id: UUID) -> Post:
    """A post that a person wrote; raises PostUnknown."""
    post = Post.objects.filter(pk=post_id, sender=user, recalled=None).first()
    if post is None:
        raise errors.PostUnknown
    return post
