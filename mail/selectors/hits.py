"""What a search found, to act on: some hits, or all of them in batches."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from uuid import UUID

from mail import errors
from mail.models import Box, DeliveredPost, User
from mail.search.people import named
from mail.search.query import Query
from mail.selectors.boxes import own_boxes
from mail.selectors.search import searched_keys

BATCH = 1000  # hits

type HitKey = tuple[int, int]  # box and uid
type HitBatch = Mapping[Box, Sequence[int]]  # uids


def seen_of(boxes: Collection[Box]) -> dict[int, int]:
    """Up to which uid one has seen each of some boxes; what comes later is above that."""
    return {box.pk: box.counter.last_uid for box in boxes}


def chosen_hits(user: User, keys: Collection[HitKey]) -> HitBatch:
    """Some hits, by box; raises NotFound unless all boxes are the person's own."""
    boxes = {box.pk: box for box in own_boxes(user)}
    if not boxes.keys() >= {box_id for box_id, _ in keys}:
        raise errors.NotFound
    return _by_box(boxes, keys)


def all_hits(boxes: Sequence[Box], query: Query, seen: Mapping[int, int]) -> Iterator[HitBatch]:
    """Everything that a query finds, and was seen, newest first.

    In batches, each of which is read once the one before it was dealt with. It goes on by place: a
    hit may no longer fit then, or lie elsewhere, where its new uid is above what was seen.
    """
    by_id, before = {box.pk: box for box in boxes}, None
    query = named(query, boxes)
    while True:
        keys, before = searched_keys(boxes, query, seen, before=before, limit=BATCH)
        yield _by_box(by_id, keys)
        if before is None:
            return


def _by_box(boxes: Mapping[int, Box], keys: Collection[HitKey]) -> HitBatch:
    found: dict[Box, list[int]] = {}
    for box_id, uid in sorted(keys):
        found.setdefault(boxes[box_id], []).append(uid)
    return found


def posts_of_hits(keys: Collection[HitKey]) -> dict[HitKey, UUID]:
    """The posts of some hits, by which they are found again once they have been moved."""
    rows = DeliveredPost.objects.filter(pk__in=keys)
    return {(box, uid): post for box, uid, post in rows.values_list("box_id", "uid", "post_id")}
