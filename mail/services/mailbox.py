"""What people do with what is in their boxes."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import batched

from django.db import transaction

from mail import db, errors, names, selectors
from mail.delivery import counters, mailbox, pull, remove
from mail.models import Box, User
from mail.selectors.selection import Selection


def sync(*, box: Box, batches: int | None = None) -> pull.Pulled:
    """Serve the subscriptions of a box, to the end or for so many batches."""
    inserted = 0
    while True:
        pulled = pull.pull(box.pk)
        inserted += pulled.inserted
        batches = None if batches is None else batches - 1
        if not pulled.more or batches == 0:
            return pull.Pulled(inserted, pulled.more)


def store_flags(
    *, selection: Selection, add: Collection[str] = (), remove: Collection[str] = ()
) -> int:
    r"""Add IMAP flags and keywords to delivered posts, and remove some; return how many changed.

    `\Seen` is the read mark. Raises FlagInvalid (RFC 9051 §9, `flag`).
    """
    for flag in (*add, *remove):
        _check_flag(flag)
    return sum(
        db.retried(partial(mailbox.store_flags, box.pk, uids, add=add, remove=remove))
        for box, uids in selection.batches()
    )


MAX_FLAG = 64  # characters
_NOT_IN_FLAGS = frozenset('(){ %*"\\]')  # RFC 9051 §9, `atom-specials`


def _check_flag(flag: str) -> None:
    atom = flag.removeprefix("\\")
    if not (0 < len(flag) <= MAX_FLAG and atom.isascii() and atom.isprintable()) or (
        _NOT_IN_FLAGS.intersection(atom)
    ):
        raise errors.FlagInvalid(flag=flag[:MAX_FLAG], limit=MAX_FLAG)


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
        return len(self.uids)

    @property
    def uids(self) -> range:
        """The uids in the box where the posts are now."""
        return range(self.first, self.last + 1)


def move(*, selection: Selection, to: Box) -> list[Moved]:
    """Move delivered posts to a box of the same person; those that are there already stay.

    Return where they came from and their uids now, in the order of moving. Raises FolderOfAnother,
    or NotFound for a folder that is just being deleted.
    """
    moved: list[Moved] = []
    for box, uids in selection.batches():
        _check_same_owner(box, to)
        if box.pk == to.pk:
            continue
        done = db.retried(partial(_move, box.pk, uids, to.pk))
        moved += [Moved(box.pk, uid, uid, merged=True) for uid in done.merged]
        if done.new:
            moved.append(Moved(box.pk, done.new[0], done.new[-1]))
    return moved


def _check_same_owner(box: Box, to: Box) -> None:
    if box.owner_id is None or box.owner_id != to.owner_id:
        raise errors.FolderOfAnother


@transaction.atomic
def _move(box_id: int, uids: Sequence[int], to_id: int) -> mailbox.Moved:
    if to_id not in counters.lock([box_id, to_id]):  # deleted a moment ago
        raise errors.NotFound
    return mailbox.move(box_id, uids, to_id)


def trash(*, selection: Selection, owner: User) -> list[Moved]:
    """Move delivered posts to their owner's trash, from where `move` brings them back.

    Raises FolderOfAnother.
    """
    return move(selection=selection, to=selectors.boxes.own_box(owner, names.TRASH))


def move_back(*, owner: User, box: Box, moved: Collection[Moved]) -> int:
    """Undo a move to a box; return how many posts were still there. Raises NotFound."""
    boxes = {each.pk: each for each in selectors.boxes.own_boxes(owner)}
    if not boxes.keys() >= {each.box_id for each in moved}:
        raise errors.NotFound
    # Copies first, of what goes back itself then.
    copied = sum(
        db.retried(partial(_copy, box.pk, uids, source))
        for source, uids in _uids(box, moved, merged=True)
    )
    back = list(_uids(box, moved, merged=False))
    return copied + sum(
        len(db.retried(partial(_move, box.pk, uids, source)).new) for source, uids in back
    )


def _uids(box: Box, moved: Iterable[Moved], *, merged: bool) -> Iterator[tuple[int, Sequence[int]]]:
    """Yield by where they were, in batches, those that the box can have."""
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
    if to_id not in counters.lock([to_id]):
        raise errors.NotFound
    return mailbox.copy(box_id, uids, to_id)


def delete(*, selection: Selection) -> int:
    """Remove delivered posts for good; return how many. Nobody else's copy is touched."""
    return sum(
        len(db.retried(partial(remove.remove, box.pk, uids))) for box, uids in selection.batches()
    )
