"""What people do with what a search found: box by box, each batch in transactions of its own."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import batched

from django.db import transaction

from mail import db, errors
from mail.delivery import counters, mailbox
from mail.models import Box, User
from mail.selectors.boxes import own_boxes
from mail.selectors.hits import HitBatch
from mail.services.mailbox import delete, flag, mark_read, mark_unread, move, move_or_merge, unflag


@dataclass(frozen=True, slots=True)
class Moved:
    """What came from one box into another: the range of its uids there.

    What was merged was there already: it stands for the copy that was taken out of its box.
    """

    box_id: int  # where it was
    first: int
    last: int
    merged: bool = False

    def __len__(self) -> int:
        return self.last - self.first + 1


def mark_hits(*, hits: Iterable[HitBatch], read: bool) -> int:
    """Mark hits read or unread; says how many changed."""
    mark = mark_read if read else mark_unread
    return sum(mark(box=box, uids=uids) for box, uids in _by_box(hits))


def flag_hits(*, hits: Iterable[HitBatch], flagged: bool) -> int:
    """Flag hits, or take their flag away; says how many changed."""
    change = flag if flagged else unflag
    return sum(change(box=box, uids=uids) for box, uids in _by_box(hits))


def delete_hits(*, hits: Iterable[HitBatch]) -> int:
    """Remove hits for good; says how many."""
    return sum(len(delete(box=box, uids=uids)) for box, uids in _by_box(hits))


def move_hits(*, hits: Iterable[HitBatch], to: Box) -> list[Moved]:
    """Move hits to a box of the same person; those that are there already stay as they are.

    Says where from, and under which uids, in the order of moving. Raises FolderOfAnother.
    """
    moved: list[Moved] = []
    for box, uids in _by_box(hits):
        if box == to:
            continue
        done = move_or_merge(box=box, uids=uids, to=to)
        moved += [Moved(box.pk, uid, uid, merged=True) for uid in done.merged]
        if done.new:
            moved.append(Moved(box.pk, done.new[0], done.new[-1]))
    return moved


def _by_box(hits: Iterable[HitBatch]) -> Iterator[tuple[Box, Sequence[int]]]:
    for batch in hits:
        yield from batch.items()


def move_hits_back(*, owner: User, box: Box, moved: Collection[Moved]) -> int:
    """Undo `move_hits` to a box; says how many were still there. Raises NotFound."""
    boxes = {each.pk: each for each in own_boxes(owner)}
    if not boxes.keys() >= {each.box_id for each in moved}:
        raise errors.NotFound
    # Copies first, of what goes back itself then.
    copied = sum(
        db.retried(partial(_copy, box.pk, uids, source))
        for source, uids in _uids(box, moved, merged=True)
    )
    back = _uids(box, moved, merged=False)
    return copied + sum(len(move(box=box, uids=uids, to=boxes[source])) for source, uids in back)


def _uids(box: Box, moved: Iterable[Moved], *, merged: bool) -> Iterator[tuple[int, Sequence[int]]]:
    """By where they were, in batches, those that the box can have."""
    found: dict[int, list[int]] = {}
    for each in moved:
        if each.merged is not merged:
            continue
        uids = found.setdefault(each.box_id, [])
        uids += range(each.first, min(each.last, box.counter.last_uid) + 1)
    for source, uids in found.items():
        for batch in batched(uids, db.BATCH):
            yield source, batch


@transaction.atomic
def _copy(box_id: int, uids: Sequence[int], to_id: int) -> int:
    return mailbox.copy(box_id, uids, to_id, counters.lock([to_id])[to_id])
