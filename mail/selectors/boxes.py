"""Boxes: whose they are, and what is in them in numbers."""

from django.db.models import Count, Q

from mail import errors, names
from mail.models import Box, BoxQuerySet, DeliveredPost, User


def own_box(user: User, folder: str = "") -> Box:
    """A person's personal box, or a folder by its short name; raises NotFound."""
    name = names.folder(user.username, folder) if folder else user.username
    box = Box.objects.filter(owner=user).named(name).first()
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
