"""What an action is for: delivered posts, named or found, in batches."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import batched
from uuid import UUID

from mail import db, errors
from mail.models import Box, DeliveredPost, User
from mail.search.people import named
from mail.search.query import Query
from mail.selectors.boxes import own_boxes
from mail.selectors.search import searched_keys

type Key = tuple[int, int]  # box id and uid
type Batch = tuple[Box, Sequence[int]]  # uids

LARGEST_UID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Delivered posts of some boxes: those of `uids`, then those up to what was `seen`.

    With a query, of what was seen only what a search for it finds.
    """

    boxes: Mapping[int, Box]  # by id
    uids: Mapping[int, Sequence[int]] = field(default_factory=dict)  # by box
    seen: Mapping[int, int] = field(default_factory=dict)  # the last uid, by box
    query: Query | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it goes beyond posts that were named one by one."""
        return bool(self.seen)

    def batches(self) -> Iterator[Batch]:
        """Yield the posts box by box, at most a thousand at once, each read late.

        A batch is read once the one before it was dealt with. The walk goes on by place: a post
        may not fit any more by then, or lie elsewhere, where its new uid is above what was seen.
        """
        for box_id, uids in self.uids.items():
            for some_uids in batched(uids, db.BATCH):
                yield self.boxes[box_id], some_uids
        if self.query is not None:
            yield from self._found(self.query)
            return
        for box_id, last in self.seen.items():
            yield from _walked(self.boxes[box_id], last)

    def _found(self, query: Query) -> Iterator[Batch]:
        boxes, before = list(self.boxes.values()), None
        query = named(query, boxes)
        while self.seen:
            keys, before = searched_keys(boxes, query, self.seen, before=before, limit=db.BATCH)
            for box_id, uids in _by_box(keys).items():
                yield self.boxes[box_id], uids
            if before is None:
                return


def some(box: Box, uids: Collection[int]) -> Selection:
    """Select some posts of a box."""
    return Selection({box.pk: box}, uids={box.pk: list(uids)})


def up_to(box: Box, uid: int = LARGEST_UID) -> Selection:
    """Select all posts of a box up to a uid: none that came after somebody looked."""
    return Selection({box.pk: box}, seen={box.pk: uid})


def of_keys(user: User, keys: Collection[Key]) -> Selection:
    """Select some posts over a person's boxes; raises NotFound unless all boxes are theirs."""
    boxes = {box.pk: box for box in own_boxes(user)}
    if not boxes.keys() >= {box_id for box_id, _ in keys}:
        raise errors.NotFound
    return Selection(boxes, uids=_by_box(keys))


def found(boxes: Sequence[Box], query: Query, seen: Mapping[int, int] | None = None) -> Selection:
    """Select everything that a search finds in boxes and somebody has seen: newest first.

    What was seen is the last uid by box; None: all that is there by now.
    """
    seen = seen_of(boxes) if seen is None else seen
    return Selection({box.pk: box for box in boxes}, seen=seen, query=query)


def seen_of(boxes: Collection[Box]) -> dict[int, int]:
    """Return the last uid of each box: what comes later is above it."""
    return {box.pk: box.counter.last_uid for box in boxes}


def posts_of(keys: Collection[Key]) -> dict[Key, UUID]:
    """Return the posts of some delivered posts, to find these again once they have been moved."""
    rows = DeliveredPost.objects.filter(pk__in=keys)
    return {(box, uid): post for box, uid, post in rows.values_list("box_id", "uid", "post_id")}


def _walked(box: Box, last: int) -> Iterator[Batch]:
    after = 0
    rows = DeliveredPost.objects.filter(box=box, uid__lte=last).order_by("uid")
    while uids := list(rows.filter(uid__gt=after).values_list("uid", flat=True)[: db.BATCH]):
        yield box, uids
        after = uids[-1]


def _by_box(keys: Collection[Key]) -> dict[int, list[int]]:
    uids: dict[int, list[int]] = {}
    for box_id, uid in sorted(keys):
        uids.setdefault(box_id, []).append(uid)
    return uids
