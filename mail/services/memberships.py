"""Who is in a group: joining, leaving, asking, and up to where members were served."""

from collections.abc import Collection, Sequence
from itertools import batched

from django.contrib.auth.models import Group
from django.db import transaction

from mail import db, errors, names, policies
from mail.delivery import counters, subscriptions
from mail.models import Box, JoinRequest, Subscription, User
from mail.services.groups import group_of, open_box
from mail.services.mailbox import sync


def join(*, box: Box, user: User, by: User) -> None:
    """Make a person a member of a group; raises NotFound or JoiningNotAllowed."""
    group = group_of(box)
    policies.check_joining(box, by, user)
    db.retried(lambda: _join(box, group, user))


@transaction.atomic
def _join(box: Box, group: Group, user: User) -> None:
    user.groups.add(group)
    # Who is a member already, and yet receives nothing, is helped by joining once more.
    if not Subscription.objects.filter(source=box, target__owner=user).exists():
        members_joined(group_id=group.pk, user_ids=[user.pk])


def add_members(*, box: Box, usernames: Sequence[str], by: User) -> int:
    """Make many people members of a group, all or none; how many names that were.

    Raises NotFound, ManagingNotAllowed, NoRecipients, or UnknownRecipient with the first names that
    are nobody's.
    """
    group = group_of(box)
    policies.check_managing(box, by)
    wanted = {names.fold(name): name for name in usernames}
    if not wanted:
        raise errors.NoRecipients(field="people")
    found: dict[str, int] = {}
    for some in batched(wanted, AT_ONCE):
        people = Box.objects.filter(kind=Box.Kind.PERSONAL).folded_any(some)
        found |= {names.fold(name): owner for name, owner in people.values_list("name", "owner")}
    unknown = [name for folded, name in wanted.items() if folded not in found]
    if unknown:
        raise errors.UnknownRecipient(names=unknown[:SAID], field="people")
    db.retried(lambda: _add_members(group, sorted(found.values())))
    return len(found)


AT_ONCE = 10_000  # people, or boxes; a statement takes 65,535 values at most


SAID = 20  # names


@transaction.atomic
def _add_members(group: Group, user_ids: Sequence[int]) -> None:
    for some in batched(user_ids, AT_ONCE):
        group.user_set.add(*some)


def join_once(*, box: Box, user: User, by: User) -> None:
    """As `join`, but raises AlreadySubscribed unless this very call makes them a member."""
    db.retried(lambda: _join_anew(box, user, by))


@transaction.atomic
def _join_anew(box: Box, user: User, by: User) -> None:
    # One at a time for each person.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    target = Box.objects.get(owner=user, kind=Box.Kind.PERSONAL)
    if Subscription.objects.filter(source=box, target=target).exists():
        raise errors.AlreadySubscribed(source=box.name, target=target.name)
    join(box=box, user=user, by=by)


def leave(*, box: Box, user: User, by: User) -> None:
    """End a person's membership, after serving what was posted until now.

    Raises NotFound, LeavingNotAllowed or ManagingNotAllowed.
    """
    policies.check_leaving(box, by, user)
    group = group_of(box)
    # Before the transaction, in which the group's counter would be locked ahead of the person's.
    sync(box=box)
    db.retried(lambda: user.groups.remove(group))


@transaction.atomic
def members_joined(*, group_id: int, user_ids: Collection[int]) -> None:
    """Subscribe the personal boxes of people who are now in a group: set-based."""
    box = _box_of(group_id)
    sync(box=box)  # what still waits above a group of groups was posted before they joined
    targets = _personal_boxes(user_ids)
    # The lock of those who leave: they look under it whether somebody has joined again meanwhile.
    counters.lock(targets)
    subscriptions.subscribe(box.pk, targets)
    for some in batched(user_ids, AT_ONCE):
        box.join_requests.filter(user__in=some).delete()


def members_left(*, group_id: int, user_ids: Collection[int]) -> None:
    """Serve people who are no longer in a group, then end their subscriptions: set-based."""
    box = _box_of(group_id)
    sync(box=box)
    with transaction.atomic():
        targets = _personal_boxes(user_ids)
        counters.lock(targets)
        # Asked again behind the lock: some may have joined anew while this waited for it.
        left = set(targets)
        for some in batched(targets, AT_ONCE):
            back = Box.objects.filter(pk__in=some, owner__groups=group_id)
            left.difference_update(back.values_list("pk", flat=True))
        subscriptions.unsubscribe(box.pk, sorted(left))


def _box_of(group_id: int) -> Box:
    """A group's box, made now if the group was made past all signals."""
    box = Box.objects.filter(group=group_id).first()
    if box is None:
        group = Group.objects.filter(pk=group_id).first()
        if group is None:  # deleted a moment ago
            raise errors.NotFound
        box = open_box(group=group)
    return box


def _personal_boxes(user_ids: Collection[int]) -> list[int]:
    boxes = Box.objects.filter(kind=Box.Kind.PERSONAL).values_list("pk", flat=True)
    return [pk for some in batched(user_ids, AT_ONCE) for pk in boxes.filter(owner__in=some)]


def ask(*, box: Box, user: User) -> None:
    """Ask a group's managers for membership; raises NotFound."""
    if box.group is None:
        raise errors.NotFound
    if not user.groups.contains(box.group):
        JoinRequest.objects.get_or_create(box=box, user=user)


def accept(*, box: Box, user: User, by: User) -> None:
    """Make somebody who asks a member from now on; raises NotFound or ManagingNotAllowed.

    Who has withdrawn, was refused or is a member meanwhile stays as they are.
    """
    policies.check_managing(box, by)
    db.retried(lambda: _accept(box, user))


@transaction.atomic
def _accept(box: Box, user: User) -> None:
    if box.group is None:
        raise errors.NotFound
    # Whoever deletes the request has answered it; a rival waits here and finds none.
    answered, _ = JoinRequest.objects.filter(box=box, user=user).delete()
    if answered:
        user.groups.add(box.group)


def refuse(*, box: Box, user: User, by: User) -> None:
    """Turn down somebody who asks, or withdraw one's own request; raises ManagingNotAllowed."""
    if by != user:
        policies.check_managing(box, by)
    JoinRequest.objects.filter(box=box, user=user).delete()


@transaction.atomic
def move_watermark(*, target: Box, source: Box, uid: int) -> Subscription:
    """Pass over what a subscription has not served yet, up to a uid of its source.

    Raises NotFound, or WatermarkInvalid unless that is forward, and not beyond the source's end.
    """
    counters.lock([target.pk])
    found = Subscription.objects.filter(target=target, source=source)
    subscription = found.select_related("source__counter").first()
    if subscription is None:
        raise errors.NotFound
    last = subscription.source.counter.last_uid
    if not subscription.watermark <= uid <= last:
        raise errors.WatermarkInvalid(first=subscription.watermark, last=last)
    # What is passed over was never to be seen: as if the person had joined after it.
    found.update(watermark=uid, start=uid)
    subscription.watermark = subscription.start = uid
    return subscription
