"""Asking to join a group, and answering: each may be repeated, and then changes nothing."""

from django.db import transaction

from mail import db, errors, policies
from mail.models import Box, JoinRequest, User


def ask_to_join(*, box: Box, user: User) -> None:
    """Ask a group's managers for membership; raises NotFound."""
    if box.group is None:
        raise errors.NotFound
    if not user.groups.contains(box.group):
        JoinRequest.objects.get_or_create(box=box, user=user)


def accept_request(*, box: Box, user: User, by: User) -> None:
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


def refuse_request(*, box: Box, user: User, by: User) -> None:
    """Turn down somebody who asks, or withdraw one's own request; raises ManagingNotAllowed."""
    if by != user:
        policies.check_managing(box, by)
    JoinRequest.objects.filter(box=box, user=user).delete()
