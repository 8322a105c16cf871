"""What people do with their own boxes."""

from collections.abc import Callable, Collection, Sequence

from django.db import transaction

from mail import db, errors, names, selectors
from mail.delivery import counters, mailbox, pull
from mail.models import Box, DeliveredPost, Flag


def sync(*, box: Box, batches: int | None = None) -> pull.Pulled:
    """Serve the subscriptions of a box, to the end or for so many batches."""
    # What people write to their own groups arrives read.
    owner_name = box.name if box.kind == Box.Kind.PERSONAL else ""
    inserted = 0
    while True:
        pulled = pull.pull(box.pk, owner_name=owner_name)
        inserted += pulled.inserted
        batches = None if batches is None else batches - 1
        if not pulled.more or batches == 0:
            return pull.Pulled(inserted, pulled.more)


def mark_read(*, box: Box, uids: Collection[int] | None) -> int:
    """Mark delivered posts of a box read, all of them with None; says how many changed."""
    return db.retried(lambda: mailbox.mark(box.pk, _listed(uids), read=True))


def mark_unread(*, box: Box, uids: Collection[int] | None) -> int:
    """Mark delivered posts of a box unread, all of them with None; says how many changed."""
    return db.retried(lambda: mailbox.mark(box.pk, _listed(uids), read=False))


def mark_up_to(*, box: Box, uid: int, read: bool) -> int:
    """Mark all delivered posts of a box up to a uid, so none that came after one looked."""
    uids = list(
        DeliveredPost.objects.filter(box=box, uid__lte=uid, read_at__isnull=read).values_list(
            "uid", flat=True
        )
    )
    return db.retried(lambda: mailbox.mark(box.pk, uids, read=read)) if uids else 0


def flag(*, box: Box, uids: Collection[int]) -> int:
    """Flag delivered posts of a box, so that they are found again; says how many changed."""
    return db.retried(lambda: mailbox.flag(box.pk, list(uids), Flag.FLAGGED.value, on=True))


def unflag(*, box: Box, uids: Collection[int]) -> int:
    """Take that flag from delivered posts of a box; says how many changed."""
    return db.retried(lambda: mailbox.flag(box.pk, list(uids), Flag.FLAGGED.value, on=False))


def _listed(uids: Collection[int] | None) -> list[int] | None:
    return None if uids is None else list(uids)


def move(*, box: Box, uids: Collection[int], to: Box) -> list[int]:
    """Move delivered posts to another box of the same person; their new uids, in order.

    Raises FolderOfAnother.
    """
    _check_same_owner(box, to)
    if box.pk == to.pk:
        there = DeliveredPost.objects.filter(box=box, uid__in=uids).order_by("uid")
        return list(there.values_list("uid", flat=True))
    return move_or_merge(box=box, uids=uids, to=to).new


def move_or_merge(*, box: Box, uids: Collection[int], to: Box) -> mailbox.Moved:
    """The same between two boxes; says also which posts were there already."""
    _check_same_owner(box, to)
    return db.retried(lambda: _move(box.pk, list(uids), to.pk))


def _check_same_owner(box: Box, to: Box) -> None:
    if box.owner_id is None or box.owner_id != to.owner_id:
        raise errors.FolderOfAnother


@transaction.atomic
def _move(box_id: int, uids: Sequence[int], to_id: int) -> mailbox.Moved:
    return mailbox.move(box_id, uids, to_id, counters.lock([box_id, to_id]))


def move_up_to(*, box: Box, uid: int, to: Box) -> int:
    """Move all delivered posts of a box up to a uid, in batches; says how many.

    Raises FolderOfAnother. What is in the box itself stays there, and is not counted.
    """
    _check_same_owner(box, to)
    if box.pk == to.pk:
        return 0
    return _in_batches(lambda: _move_batch(box.pk, uid, to.pk))


@transaction.atomic
def _move_batch(box_id: int, uid: int, to_id: int) -> int:
    locked = counters.lock([box_id, to_id])
    if uids := _batch(box_id, uid):
        mailbox.move(box_id, uids, to_id, locked)
    return len(uids)


def _batch(box_id: int, uid: int) -> list[int]:
    """The first uids of a box, up to one."""
    rows = DeliveredPost.objects.filter(box=box_id, uid__lte=uid).order_by("uid")
    return list(rows.values_list("uid", flat=True)[: db.BATCH])


def _in_batches(work: Callable[[], int]) -> int:
    """Do a batch after the other, each in a transaction of its own, until one is not full."""
    total = 0
    while True:
        done = db.retried(work)
        total += done
        if done < db.BATCH:
            return total


def delete(*, box: Box, uids: Collection[int]) -> list[int]:
    """Remove delivered posts from a box for good; nobody else's copy and no post is touched."""
    return db.retried(lambda: _delete(box.pk, list(uids)))


@transaction.atomic
def _delete(box_id: int, uids: Sequence[int]) -> list[int]:
    counter = counters.lock([box_id]).get(box_id)
    return mailbox.remove(box_id, uids, counter) if counter else []


def delete_up_to(*, box: Box, uid: int) -> int:
    """Remove all delivered posts of a box up to a uid for good, in batches; says how many."""
    return _in_batches(lambda: _delete_batch(box.pk, uid))


@transaction.atomic
def _delete_batch(box_id: int, uid: int) -> int:
    counter = counters.lock([box_id]).get(box_id)
    return len(mailbox.remove(box_id, _batch(box_id, uid), counter)) if counter else 0


def trash(*, box: Box, uids: Collection[int]) -> list[int]:
    """Move delivered posts of a person's box to that person's trash; their new uids, in order.

    `move` brings them back. Raises FolderOfAnother for the box of a group.
    """
    if box.owner is None:
        raise errors.FolderOfAnother
    return move(box=box, uids=uids, to=selectors.boxes.own_box(box.owner, names.TRASH))
