"""Who may do what. Each check is silent, or raises a NotAllowed that names the rule."""

from collections.abc import Collection

from django.db.models import Q
from django.utils.translation import gettext as _

from mail import errors
from mail.models import Box, Post, User


def check_posting(sender: User, boxes: Collection[Box]) -> None:
    """Raises BroadcastNotAllowed or PostingNotAllowed: three reads at most for any number."""
    if any(box.kind == Box.Kind.EVERYONE for box in boxes) and not may_broadcast(sender):
        raise errors.BroadcastNotAllowed
    closed = [box for box in boxes if box.group_id and box.post_policy != Box.PostPolicy.ANYONE]
    if not closed:
        return
    managed = set(sender.managed.values_list("pk", flat=True))
    joined = set(sender.groups.values_list("pk", flat=True))
    for box in closed:
        if not takes(box, from_manager=box.pk in managed, from_member=box.group_id in joined):
            managers = box.post_policy == Box.PostPolicy.MANAGERS
            who = _("its managers") if managers else _("its members")
            raise errors.PostingNotAllowed(name=box.name, who=who)


def takes(box: Box, *, from_manager: bool, from_member: bool) -> bool:
    """Whether a group takes posts from such a person."""
    if from_manager or box.post_policy == Box.PostPolicy.ANYONE:
        return True
    return from_member and box.post_policy == Box.PostPolicy.MEMBERS


def open_to(sender: User) -> Q:
    """The same rule as a condition: groups that a person may write to."""
    return (
        Q(post_policy=Box.PostPolicy.ANYONE)
        | Q(pk__in=sender.managed.values("pk"))
        | Q(post_policy=Box.PostPolicy.MEMBERS, group__in=sender.groups.values("pk"))
    )


def may_broadcast(sender: User) -> bool:
    """Whether a person may write to everyone."""
    return sender.has_perm("mail.broadcast")


def check_joining(box: Box, by: User, user: User) -> None:
    """Raises JoiningNotAllowed, or ManagingNotAllowed for other people's joining."""
    if manages(by, box):
        return
    if by != user:
        raise errors.ManagingNotAllowed(name=box.name)
    if box.join_policy != Box.JoinPolicy.OPEN:
        raise errors.JoiningNotAllowed(name=box.name)


def check_leaving(box: Box, by: User, user: User) -> None:
    """Raises LeavingNotAllowed where nobody may, ManagingNotAllowed for other people's leaving.

    Out of a mandatory group only staff may take somebody.
    """
    kept = box.mandatory and not manages_all(by)
    if box.kind == Box.Kind.EVERYONE or kept:
        raise errors.LeavingNotAllowed(name=box.name)
    if by != user:
        check_managing(box, by)


def check_muting(source: Box, target: Box, by: User) -> None:
    """Raises MutingNotAllowed, also for everyone: what all are told, nobody mutes."""
    group = source.group
    if target.owner_id != by.pk or group is None or not by.groups.contains(group):
        raise errors.MutingNotAllowed(name=source.name)


def check_managing(box: Box, by: User) -> None:
    """Raises ManagingNotAllowed."""
    if not manages(by, box):
        raise errors.ManagingNotAllowed(name=box.name)


def check_removing_manager(box: Box, by: User, user: User) -> None:
    """Raises ManagingNotAllowed, or LastManager: only staff may leave a group without any."""
    check_managing(box, by)
    if not manages_all(by) and set(box.managers.values_list("pk", flat=True)[:2]) == {user.pk}:
        raise errors.LastManager(name=box.name)


def check_deleting(box: Box, by: User) -> None:
    """Raises ManagingNotAllowed, or LeavingNotAllowed of a mandatory group for all but staff."""
    check_managing(box, by)
    if box.mandatory and not manages_all(by):  # or all would leave it together
        raise errors.LeavingNotAllowed(name=box.name)


def check_recalling(post: Post, by: User) -> None:
    """Raises RecallNotAllowed."""
    if post.sender_id != by.pk and not by.has_perm("mail.recall"):
        raise errors.RecallNotAllowed


def manages(user: User, box: Box) -> bool:
    """Whether a person is a manager of a group, or staff who may change groups."""
    return box.managers.contains(user) or manages_all(user)


def manages_all(user: User) -> bool:
    """Whether a person is staff who may change groups: whichever, in the admin and elsewhere."""
    return user.is_staff and user.has_perm("auth.change_group")
