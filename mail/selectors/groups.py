"""Groups: which there are, who is in them, and what was posted to them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q, Value
from django.db.models.functions import Concat, Lower

from mail import errors, names, policies
from mail.models import Box, DeliveredPost, JoinRequest, Post, Subscription, User
from mail.search.patterns import pattern
from mail.selectors.conversations import boxes_shown, copies
from mail.selectors.mailbox import PAGE, full_names
from mail.selectors.muting import muted_groups
from mail.selectors.recipients import sizes


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as a directory shows it to a person."""

    box: Box
    size: int
    is_member: bool
    is_manager: bool
    may_manage: bool  # as staff, too
    may_write: bool
    is_muted: bool
    asking: int  # people who ask to join; told to who may manage only
    has_asked: bool


@dataclass(frozen=True, slots=True)
class GroupPost:
    """A post to a group, and where the person's own copy lies; uid None where it is gone."""

    subject: str
    sender_name: str  # the username
    sender: str  # the full name, where there is one
    delivered: datetime
    snippet: str
    folder: str  # short; empty for the personal box
    uid: int | None


def groups(
    user: User, *, text: str = "", after: str = "", limit: int = PAGE
) -> tuple[list[GroupRow], str]:
    """A page of groups by name, and after which name the next begins: six reads at any size."""
    wanted = Q(kind=Box.Kind.GROUP, group__isnull=False)
    if part := pattern(text):
        wanted &= Q(name__iregex=part) | Q(description__iregex=part)
    found = Box.objects.filter(wanted).alias(folded=Lower("name"))
    boxes: list[Box] = list(
        found.filter(folded__gt=names.fold(after)).order_by("folded")[: limit + 1]
    )
    rows = _rows(user, boxes[:limit])
    return rows, boxes[limit - 1].name if len(boxes) > limit else ""


def group(user: User, name: str) -> GroupRow:
    """A group by its name; raises NotFound, also for one that was deleted."""
    found = Box.objects.filter(kind=Box.Kind.GROUP, group__isnull=False).named(name)
    if rows := _rows(user, list(found.select_related("group"))):
        return rows[0]
    raise errors.NotFound


def _rows(user: User, boxes: Sequence[Box]) -> list[GroupRow]:
    counted = sizes([box.pk for box in boxes])
    joined = set(user.groups.values_list("pk", flat=True))
    managed = set(user.managed.values_list("pk", flat=True))
    may_manage = {box.pk for box in boxes if policies.manages_all(user)} | managed
    may_write = {
        box.pk
        for box in boxes
        if policies.takes(box, from_manager=box.pk in managed, from_member=box.group_id in joined)
    }
    asked, muted = _requests(user, boxes, may_manage), muted_groups(user)
    return [
        GroupRow(
            *(box, counted.get(box.pk, 0), box.group_id in joined, box.pk in managed),
            *(box.pk in may_manage, box.pk in may_write, box.pk in muted),
            *asked.get(box.pk, (0, False)),
        )
        for box in boxes
    ]


def _requests(
    user: User, boxes: Sequence[Box], managed: Collection[int]
) -> dict[int, tuple[int, bool]]:
    """How many ask to join, where that is a person's business, and whether they do themselves."""
    told = JoinRequest.objects.filter(box__in=[box.pk for box in boxes]).filter(
        Q(user=user) | Q(box__in=managed)
    )
    counts = told.values("box_id").annotate(total=Count("pk"), own=Count("pk", filter=Q(user=user)))
    return {
        box_id: (total if box_id in managed else 0, own > 0)
        for box_id, total, own in counts.values_list("box_id", "total", "own")
    }


def join_requests(
    box: Box, *, of: User | None = None, after: int = 0, limit: int = PAGE
) -> tuple[list[JoinRequest], int | None]:
    """A page of who asks to join a group, those first who have waited longest: one read.

    And after which the next page begins. `of` one person: theirs alone.
    """
    waiting = box.join_requests.filter(pk__gt=after).select_related("user")
    if of is not None:
        waiting = waiting.filter(user=of)
    found = list(waiting.order_by("pk")[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def visible_join_requests(
    user: User, box: Box, *, after: int = 0, limit: int = PAGE
) -> tuple[list[JoinRequest], int | None]:
    """Those that are a person's business: all for who manages the group, else their own."""
    of = None if policies.manages(user, box) else user
    return join_requests(box, of=of, after=after, limit=limit)


def members(
    box: Box, *, text: str = "", after: str = "", limit: int = PAGE
) -> tuple[list[User], str]:
    """A page of a group's members by username, and after which the next begins: one read."""
    found = User.objects.filter(groups=box.group_id).alias(folded=Lower("username"))
    if part := pattern(text):
        # Either name first, and as they are written unspaced.
        found = found.alias(
            full_name=Concat("first_name", Value(" "), "last_name"),
            family_first=Concat("last_name", Value(" "), "first_name"),
            unspaced=Concat("last_name", "first_name"),
        )
        ways = Q(full_name__iregex=part) | Q(family_first__iregex=part) | Q(unspaced__iregex=part)
        found = found.filter(Q(username__iregex=part) | ways)
    people: list[User] = list(
        found.filter(folded__gt=names.fold(after)).order_by("folded")[: limit + 1]
    )
    return people[:limit], people[limit - 1].username if len(people) > limit else ""


def member_count(box: Box) -> int:
    """How many people are in a group itself, without those of groups that it feeds."""
    return User.objects.filter(groups=box.group_id).count()


def group_posts(
    user: User, box: Box, *, before: int | None = None, limit: int = PAGE
) -> tuple[list[GroupPost], int | None]:
    """What was posted to a group since a person joined it, newest first: six reads at any size."""
    joined = Subscription.objects.filter(source=box, target__owner=user).first()
    if joined is None:
        return [], None
    rows = DeliveredPost.objects.filter(box=box, uid__gt=joined.start)
    if before is not None:
        rows = rows.filter(uid__lt=before)
    found = list(rows.order_by("-uid").values_list(*_ROW)[: limit + 1])
    following = found[limit - 1][0] if len(found) > limit else None
    return _group_posts(user, found[:limit]), following


_ROW = ("uid", "post_id", "subject", "sender_name", "delivered")


def _group_posts(
    user: User, rows: Sequence[tuple[int, UUID, str, str, datetime]]
) -> list[GroupPost]:
    boxes, ids = boxes_shown(user), [row[1] for row in rows]
    posts = Post.objects.filter(pk__in=ids, recalled=None)
    snippets = dict(posts.values_list("pk", "snippet"))
    own = copies(boxes, ids)
    people = full_names({row[3] for row in rows})
    return [
        GroupPost(
            *(subject, sender_name, people.get(sender_name, sender_name), delivered),
            snippet=snippets[post_id],
            folder=boxes[own[post_id].box_id] if post_id in own else "",
            uid=own[post_id].uid if post_id in own else None,
        )
        for _, post_id, subject, sender_name, delivered in rows
        if post_id in snippets
    ]


OFFERED = 50  # names that the browser completes by itself


def sources(box: Box, *, after: str = "", limit: int = PAGE) -> tuple[list[Box], str]:
    """A page of the boxes whose posts also come to a group, by name: one read.

    And after which name the next page begins.
    """
    return _by_name(Q(subscribers__target=box), after, limit)


def targets(box: Box, *, after: str = "", limit: int = PAGE) -> tuple[list[Box], str]:
    """A page of the groups to which a group's posts also come, by name, likewise."""
    return _by_name(Q(group__isnull=False, subscriptions__source=box), after, limit)


def _by_name(wanted: Q, after: str, limit: int) -> tuple[list[Box], str]:
    found = Box.objects.filter(wanted).alias(folded=Lower("name"))
    boxes: list[Box] = list(
        found.filter(folded__gt=names.fold(after)).order_by("folded")[: limit + 1]
    )
    return boxes[:limit], boxes[limit - 1].name if len(boxes) > limit else ""


def source(name: str) -> Box:
    """What a group may receive from, by its name: a group, or everyone; raises GroupUnknown."""
    wanted = Q(kind=Box.Kind.EVERYONE) | Q(group__isnull=False)
    if (box := Box.objects.filter(wanted).named(name).first()) is None:
        raise errors.GroupUnknown(name=name)
    found: Box = box
    return found


def offered_sources(user: User, box: Box, *, limit: int = OFFERED) -> Iterable[str]:
    """Names of what a person may let a group receive from, and it does not yet: one read."""
    allowed = Q(kind=Box.Kind.EVERYONE) | Q(pk__in=user.managed.values("pk"))
    free = Box.objects.filter(allowed).exclude(pk=box.pk).exclude(subscribers__target=box)
    return free.order_by(Lower("name")).values_list("name", flat=True)[:limit]
