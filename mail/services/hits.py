"""What people do with what a search found: box by box, each batch in transactions of its own."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from mail import delivery, errors
from mail.models import Box, User
from mail.selectors import HitBatch, own_boxes
from mail.services.mailbox import delete, flag, mark_read, mark_unread, move, unflag


@dataclass(frozen=True, slots=True)
class Moved:
    """What came from one box into another: the range of its new uids there."""

    box_id: int  # where it was
    first: int
    last: int

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

    Says where from, and under which new uids, in their order. Raises FolderOfAnother.
    """
    moved: list[Moved] = []
    for box, uids in _by_box(hits):
        if box == to or not (new := move(box=box, uids=uids, to=to)):
            continue
        first = new[0]
        if moved and (moved[-1].box_id, moved[-1].last) == (box.pk, first - 1):
            first = moved.pop().first
        moved.append(Moved(box.pk, first, new[-1]))
    return moved


def _by_box(hits: Iterable[HitBatch]) -> Iterator[tuple[Box, Sequence[int]]]:
    for batch in hits:
        yield from batch.items()


def move_hits_back(*, owner: User, box: Box, moved: Collection[Moved]) -> int:
    """Undo `move_hits` to a box; says how many were still there. Raises NotFound."""
    boxes, last = {each.pk: each for each in own_boxes(owner)}, box.counter.last_uid
    if not boxes.keys() >= {each.box_id for each in moved}:
        raise errors.NotFound
    return sum(
        len(move(box=box, uids=range(first, end), to=boxes[each.box_id]))
        for each in moved
        for first, end in _batches(each.first, min(each.last, last) + 1)
    )


def _batches(first: int, end: int) -> Iterator[tuple[int, int]]:
    for start in range(first, end, delivery.BATCH):
        yield start, min(start + delivery.BATCH, end)
