"""Groups: what they say of themselves, who manages them, and what they receive from."""

from collections.abc import Collection

from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction

from mail import errors, names, policies, selectors
from mail.content import validation
from mail.delivery import subscriptions
from mail.models import Box, BoxCounter, ReservedName, User
from mail.services.mailbox import sync


@transaction.atomic
def create(
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


def describe(*, box: Box, by: User, description: str, join_policy: str, post_policy: str) -> None:
    """Change what a group says of itself, and who may do what; raises as `add_manager`."""
    group_of(box)
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


def group_of(box: Box) -> Group:
    """Return the group of a box; raises NotFound for a box of anything else."""
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
        if subscriptions.feeds(target.pk, source.pk):
            raise errors.ClosesCircle(source=source.name, target=target.name)
        if not subscriptions.subscribe(source.pk, [target.pk]):
            raise errors.AlreadySubscribed(source=source.name, target=target.name)
        BoxCounter.objects.filter(pk=target.pk).update(fed=True)


def unsubscribe(*, source: Box, target: Box, by: User) -> None:
    """End such a subscription, after serving it; raises ManagingNotAllowed."""
    policies.check_managing(target, by)
    sync(box=source)
    with transaction.atomic():
        subscriptions.unsubscribe(source.pk, [target.pk])
        _mark_fed([target.pk])


def _mark_fed(box_ids: Collection[int]) -> None:
    """Take the mark from those groups that receive from no other any more."""
    fed = BoxCounter.objects.filter(pk__in=box_ids, fed=True, box__subscriptions=None)
    BoxCounter.objects.filter(pk__in=list(fed.values_list("pk", flat=True))).update(fed=False)


@transaction.atomic
def open_box(*, group: Group) -> Box:
    """Give a group its box, or the one back that a deleted group of this name left behind.

    Of what that group was, nothing is left but the name and what it posted. Raises NameInvalid,
    NameTaken or NameConfusable.
    """
    name = check_name(name=group.name)
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


def close_box(*, group: Group) -> None:
    """Serve all members of a group that is about to be deleted, and end every subscription."""
    box = Box.objects.filter(group=group).first()
    if box is None:
        return
    sync(box=box)
    targets = list(box.subscribers.values_list("target_id", flat=True))
    fed = list(Box.objects.filter(group__isnull=False, subscriptions__source=box))
    subscriptions.unsubscribe(box.pk, targets)
    box.subscriptions.all().delete()
    box.managers.clear()
    box.join_requests.all().delete()
    _mark_fed([box.pk, *(each.pk for each in fed)])


def check_name(*, name: str) -> str:
    """Return the name as it is stored.

    Raises NameInvalid, NameTaken unless the name is that of a group since deleted, or
    NameConfusable.
    """
    name = names.check(name)
    closed = Box.objects.filter(kind=Box.Kind.GROUP, group=None, name=name)
    if Box.objects.named(name).exclude(pk__in=closed).exists() or ReservedName.holds(name):
        raise errors.NameTaken(name=name)
    if (other := selectors.looks.looking_like(name)) is not None:
        raise errors.NameConfusable(name=name, other=other)
    return name


def add_manager(*, box: Box, user: User, by: User) -> None:
    """Make a person a manager of a group; raises NotFound or ManagingNotAllowed."""
    group_of(box)
    policies.check_managing(box, by)
    box.managers.add(user)


@transaction.atomic
def remove_manager(*, box: Box, user: User, by: User) -> None:
    """End a person's managing of a group; raises NotFound, ManagingNotAllowed or LastManager."""
    group_of(box)
    # One at a time, lest the last two end each other's together.
    Box.objects.select_for_update(no_key=True).get(pk=box.pk)
    policies.check_removing_manager(box, by, user)
    box.managers.remove(user)


def delete(*, box: Box, by: User) -> None:
    """Delete a group; its members keep what it delivered.

    Raises NotFound, ManagingNotAllowed or LeavingNotAllowed.
    """
    group = group_of(box)
    policies.check_deleting(box, by)
    group.delete()
