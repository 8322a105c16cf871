"""Groups and conversations that somebody does not want to hear of: they arrive, but read.

What was posted before either is served first, so that it comes as it would have then.
"""

from uuid import UUID

from mail import errors, policies, selectors
from mail.models import Box, MutedThread, Subscription, User
from mail.services.mailbox import sync


def mute_group(*, box: Box, user: User) -> None:
    """Let what comes through a group arrive read from now on; raises MutingNotAllowed."""
    _set_muted(box, user, muted=True)


def unmute_group(*, box: Box, user: User) -> None:
    """Let what comes through a group arrive unread from now on; raises MutingNotAllowed."""
    _set_muted(box, user, muted=False)


def _set_muted(box: Box, user: User, *, muted: bool) -> None:
    own = selectors.boxes.own_box(user)
    policies.check_muting(box, own, user)
    sync(box=own)
    Subscription.objects.filter(target=own, source=box).update(muted=muted)


def mute_thread(*, user: User, thread: UUID) -> bool:
    """Let what comes in a conversation arrive read from now on; says whether it did not before.

    Raises ThreadUnknown for one of which a person has no post.
    """
    own = selectors.boxes.own_box(user)
    sync(box=own)
    if not selectors.muting.has_thread(user, thread):
        raise errors.ThreadUnknown
    _, made = MutedThread.objects.get_or_create(box=own, thread=thread)
    return made


def unmute_thread(*, user: User, thread: UUID) -> bool:
    """Let what comes in a conversation arrive unread from now on; says whether it was muted."""
    own = selectors.boxes.own_box(user)
    sync(box=own)
    unmuted, _ = MutedThread.objects.filter(box=own, thread=thread).delete()
    return unmuted > 0
