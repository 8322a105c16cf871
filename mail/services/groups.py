"""Groups, their members, and what feeds them."""

from collections.abc import Collection, Sequence
from itertools import batched

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from mail import delivery, errors, names, policies, selectors, subscribing, validation
from mail.models import Box, BoxCounter, ReservedName, Subscription, User
from mail.services.mailbox import sync


@transaction.atomic
def create_group(
    *,
    name: str,
    by: User,
    description: str = "",
    join_policy: str = Box.JoinPolicy.OPEN,
    post_policy: str = Box.PostPolicy.ANYONE,
) -> Box:
    """Make a group, whose maker becomes its manager.

    Raises NameInvalid, NameTaken or NameConfusable.
    """
    name = names.check(name)
    if Group.objects.filter(name=name).exists():
        raise errors.NameTaken(name=name)
    box = Box.objects.get(group=_new_group(name))
    box.description = validation.text(description, field="description")
    box.join_policy, box.post_policy = join_policy, post_policy
    box.save(update_fields=["description", "join_policy", "post_policy"])
    box.managers.add(by)
    return box


def describe_group(
    *, box: Box, by: User, description: str, join_policy: str, post_policy: str
) -> None:
    """Change what a group says of itself, and who may do what; raises as `add_manager`."""
    _group_of(box)
    policies.check_managing(box, by)
    box.description = validation.text(description, field="description")
    box.join_policy, box.post_policy = join_policy, post_policy
    box.save(update_fields=["description", "join_policy", "post_policy"])


def _new_group(name: str) -> Group:
    try:
        with transaction.atomic():
            return Group.objects.create(name=name)
    except IntegrityError:  # somebody else was quicker
        raise errors.NameTaken(name=name) from None


def join(*, box: Box, user: User, by: User) -> None:
    """Make a person a member of a group; raises NotFound or JoiningNotAllowed."""
    group = _group_of(box)
    policies.check_joining(box, by, user)
    user.groups.add(group)


def add_members(*, box: Box, usernames: Sequence[str], by: User) -> int:
    """Make many people members of a group, all or none; how many names that were.

    Raises NotFound, ManagingNotAllowed, NoRecipients, or UnknownRecipient with the first names that
    are nobody's.
    """
    group = _group_of(box)
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
    delivery.retried(lambda: _add_members(group, sorted(found.values())))
    return len(found)


AT_ONCE = 10_000  # people, or boxes; a statement takes 65,535 values at most
SAID = 20  # names


@transaction.atomic
def _add_members(group: Group, user_ids: Sequence[int]) -> None:
    for some in batched(user_ids, AT_ONCE):
        group.user_set.add(*some)


def join_anew(*, box: Box, user: User, by: User) -> None:
    """As `join`, but raises AlreadySubscribed unless this very call makes them a member."""
    delivery.retried(lambda: _join_anew(box, user, by))


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
    group = _group_of(box)
    # Before the transaction, in which the group's counter would be locked ahead of the person's.
    sync(box=box)
    delivery.retried(lambda: user.groups.remove(group))


def _group_of(box: Box) -> Group:
    if box.group is None:
        raise errors.NotFound
    return box.group


def subscribe(*, source: Box, target: Box, by: User) -> None:
    """Feed a group with what is posted to another group, or to everyone, from now on.

    Raises NotFound unless both are such, ManagingNotAllowed, AlreadySubscribed or ClosesCircle.
    """
    if source.owner_id is not None or target.group_id is None:
        raise errors.NotFound
    for box in (source, target):
        if box.group_id is not None:
            policies.check_managing(box, by)
    sync(box=source)
    with transaction.atomic():
        # One at a time, lest two at once close a circle together.
        Box.objects.select_for_update(no_key=True).get(kind=Box.Kind.EVERYONE)
        if subscribing.feeds(target.pk, source.pk):
            raise errors.ClosesCircle(source=source.name, target=target.name)
        if not subscribing.subscribe(source.pk, [target.pk]):
            raise errors.AlreadySubscribed(source=source.name, target=target.name)
        BoxCounter.objects.filter(pk=target.pk).update(fed=True)


def unsubscribe(*, source: Box, target: Box, by: User) -> None:
    """End such a subscription, after serving it; raises ManagingNotAllowed."""
    policies.check_managing(target, by)
    sync(box=source)
    with transaction.atomic():
        subscribing.unsubscribe(source.pk, [target.pk])
        _mark_fed([target.pk])


def _mark_fed(box_ids: Collection[int]) -> None:
    """Take the mark from those groups that receive from no other any more."""
    fed = BoxCounter.objects.filter(pk__in=box_ids, fed=True, box__subscriptions=None)
    BoxCounter.objects.filter(pk__in=list(fed.values_list("pk", flat=True))).update(fed=False)


def members_joined(*, group_id: int, user_ids: Collection[int]) -> None:
    """Subscribe the personal boxes of people who are now in a group: set-based."""
    box = _box_of(group_id)
    sync(box=box)  # what still waits above a group of groups was posted before they joined
    subscribing.subscribe(box.pk, _personal_boxes(user_ids))
    for some in batched(user_ids, AT_ONCE):
        box.join_requests.filter(user__in=some).delete()


def _box_of(group_id: int) -> Box:
    """A group's box, made now if the group was made past all signals."""
    box = Box.objects.filter(group=group_id).first()
    if box is None:
        group = Group.objects.filter(pk=group_id).first()
        if group is None:  # deleted a moment ago
            raise errors.NotFound
        box = open_group_box(group=group)
    return box


def members_left(*, group_id: int, user_ids: Collection[int]) -> None:
    """Serve people who are no longer in a group, then end their subscriptions: set-based."""
    box = _box_of(group_id)
    sync(box=box)
    with transaction.atomic():
        targets = _personal_boxes(user_ids)
        delivery.lock(targets)
        # Asked again behind the lock: some may have joined anew while this waited for it.
        left = set(targets)
        for some in batched(targets, AT_ONCE):
            back = Box.objects.filter(pk__in=some, owner__groups=group_id)
            left.difference_update(back.values_list("pk", flat=True))
        subscribing.unsubscribe(box.pk, sorted(left))


def _personal_boxes(user_ids: Collection[int]) -> list[int]:
    boxes = Box.objects.filter(kind=Box.Kind.PERSONAL).values_list("pk", flat=True)
    return [pk for some in batched(user_ids, AT_ONCE) for pk in boxes.filter(owner__in=some)]


@transaction.atomic
def open_group_box(*, group: Group) -> Box:
    """Give a group its box, or the one back that a deleted group of this name left behind.

    Of what that group was, nothing is left but the name and what it posted. Raises NameInvalid,
    NameTaken or NameConfusable.
    """
    name = check_group_name(name=group.name)
    box = Box.objects.filter(kind=Box.Kind.GROUP, group=None).named(name).first()
    if box is None:
        box = Box.objects.create(name=name, kind=Box.Kind.GROUP, group=group)
        BoxCounter.objects.create(box=box)
        return box
    box.group = group
    new = Box()
    box.description, box.mandatory = new.description, new.mandatory
    box.join_policy, box.post_policy = new.join_policy, new.post_policy
    box.save()
    box.managers.clear()
    box.join_requests.all().delete()
    return box


@transaction.atomic
def open_everyone() -> Box:
    """The one box for everyone, made if it is not there yet."""
    box, _ = Box.objects.get_or_create(kind=Box.Kind.EVERYONE, defaults={"name": names.EVERYONE})
    BoxCounter.objects.get_or_create(box=box)
    return box


def close_group_box(*, group: Group) -> None:
    """Serve all members of a group that is about to be deleted, and end every subscription."""
    box = Box.objects.filter(group=group).first()
    if box is None:
        return
    sync(box=box)
    targets = list(box.subscribers.values_list("target_id", flat=True))
    fed = list(Box.objects.filter(group__isnull=False, subscriptions__source=box))
    subscribing.unsubscribe(box.pk, targets)
    box.subscriptions.all().delete()
    box.managers.clear()
    box.join_requests.all().delete()
    _mark_fed([box.pk, *(each.pk for each in fed)])


def check_group_name(*, name: str) -> str:
    """Return the name as it is stored.

    Raises NameInvalid, NameTaken unless the name is that of a group since deleted, or
    NameConfusable.
    """
    name = names.check(name)
    closed = Box.objects.filter(kind=Box.Kind.GROUP, group=None, name=name)
    if Box.objects.named(name).exclude(pk__in=closed).exists() or ReservedName.holds(name):
        raise errors.NameTaken(name=name)
    if (other := selectors.looking_like(name)) is not None:
        raise errors.NameConfusable(name=name, other=other)
    return name


def add_manager(*, box: Box, user: User, by: User) -> None:
    """Make a person a manager of a group; raises NotFound or ManagingNotAllowed."""
    _group_of(box)
    policies.check_managing(box, by)
    box.managers.add(user)


@transaction.atomic
def remove_manager(*, box: Box, user: User, by: User) -> None:
    """End a person's managing of a group; raises NotFound, ManagingNotAllowed or LastManager."""
    _group_of(box)
    # One at a time, lest the last two end each other's together.
    Box.objects.select_for_update(no_key=True).get(pk=box.pk)
    policies.check_removing_manager(box, by, user)
    box.managers.remove(user)


def delete_group(*, box: Box, by: User) -> None:
    """Delete a group; its members keep what it delivered.

    Raises NotFound, ManagingNotAllowed or LeavingNotAllowed.
    """
    group = _group_of(box)
    policies.check_deleting(box, by)
    group.delete()
