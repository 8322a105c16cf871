"""The trash: what is put there can be moved back, until it is emptied."""

from collections.abc import Collection, Iterator
from datetime import timedelta
from functools import partial

from django.utils import timezone

from mail import db, errors, names, selectors
from mail.delivery import mailbox
from mail.models import Box, User
from mail.services.mailbox import delete_up_to, move

TRASH_KEPT = timedelta(days=30)


def trash(*, box: Box, uids: Collection[int]) -> list[int]:
    """Move delivered posts of a person's box to that person's trash; their new uids, in order.

    `move` brings them back. Raises FolderOfAnother for the box of a group.
    """
    if box.owner is None:
        raise errors.FolderOfAnother
    return move(box=box, uids=uids, to=selectors.own_box(box.owner, names.TRASH))


def empty_trash(*, owner: User, up_to: int) -> int:
    """Delete for good what is in a person's trash up to a uid, the last seen; says how many."""
    return delete_up_to(box=selectors.own_box(owner, names.TRASH), uid=up_to)


def purge_trash() -> int:
    """Delete for good what was put into anybody's trash long ago; says how many."""
    before, total = timezone.now() - TRASH_KEPT, 0
    for box_ids in _trashes():
        work = partial(mailbox.remove_moved, box_ids, before)
        while removed := db.retried(work):
            total += removed
    return total


def _trashes() -> Iterator[list[int]]:
    """The ids of all trash boxes, in batches."""
    after, suffix = 0, names.folder("", names.TRASH)
    boxes = Box.objects.filter(kind=Box.Kind.FOLDER, name__endswith=suffix).order_by("pk")
    while ids := list(boxes.filter(pk__gt=after).values_list("pk", flat=True)[: db.BATCH]):
        yield ids
        after = ids[-1]
