"""What a person has muted."""

from datetime import datetime
from uuid import UUID

from django.db.models import Q

from mail import errors
from mail.models import Box, MutedThread, Post, Subscription, User
from mail.selectors.boxes import own_boxes
from mail.selectors.conversations import copies
from mail.selectors.mailbox import PAGE


def muted_groups(user: User) -> set[int]:
    """The boxes of groups that a person has muted: one read."""
    muted = Subscription.objects.filter(target__owner=user, muted=True)
    return set(muted.values_list("source_id", flat=True))


def muted_thread(user: User, thread: UUID) -> tuple[UUID, datetime]:
    """A conversation that a person has muted, and since when; raises NotFound."""
    found = MutedThread.objects.filter(_own(user), thread=thread)
    if (row := found.values_list("thread", "created").first()) is None:
        raise errors.NotFound
    return row


def is_muted(user: User, thread: UUID) -> bool:
    """Whether a person has muted a conversation: one read."""
    return MutedThread.objects.filter(_own(user), thread=thread).exists()


def muted_threads(
    user: User, *, before: UUID | None = None, limit: int = PAGE
) -> list[tuple[UUID, datetime]]:
    """The conversations that a person has muted, and since when; those begun last first."""
    rows = MutedThread.objects.filter(_own(user))
    if before is not None:
        rows = rows.filter(thread__lt=before)
    return list(rows.order_by("-thread").values_list("thread", "created")[:limit])


def has_thread(user: User, thread: UUID) -> bool:
    """Whether a person wrote or was delivered a post of a conversation: three reads."""
    posts = dict(Post.objects.filter(thread=thread, recalled=None).values_list("pk", "sender_id"))
    boxes = {box.pk: "" for box in own_boxes(user)}
    return user.pk in posts.values() or bool(copies(boxes, list(posts)))


def _own(user: User) -> Q:
    return Q(box__owner=user, box__kind=Box.Kind.PERSONAL)
