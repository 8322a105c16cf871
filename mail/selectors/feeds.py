"""Groups of groups: what a group receives from, and what it passes on to."""

from collections.abc import Iterable

from django.db.models import Q
from django.db.models.functions import Lower

from mail import errors, names
from mail.models import Box, User
from mail.selectors.lists import PAGE

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
