"""What a request's action is for."""

from collections.abc import Sequence

from mail import errors, selectors
from mail.api.links import Urls, pair_of
from mail.api.params import ApiRequest, own_box
from mail.api.schemas import Chosen
from mail.models import Box
from mail.search.query import parse
from mail.selectors import selection
from mail.selectors.selection import Selection

_WAYS = ("posts", "up_to", "q")


def selected(request: ApiRequest, data: Chosen) -> Selection:
    """Return what was chosen in one of the three ways.

    Raises Ambiguous for none or several of them, BoxMissing, UnknownRecipient, ReferenceInvalid or
    SearchInvalid.
    """
    if sum(getattr(data, way) is not None for way in _WAYS) != 1:
        raise errors.Ambiguous(field="posts", choices=", ".join(_WAYS))
    if data.q is not None:
        return _found(request, data, data.q)
    if data.box is None:
        raise errors.BoxMissing
    urls, box = Urls(request), own_box(request, data.box, "box")
    if data.up_to is not None:
        return selection.up_to(box, urls.uid(data.up_to, box.pk, "up_to"))
    return selection.some(box, [urls.uid(one, box.pk, "posts") for one in data.posts or ()])


def _found(request: ApiRequest, data: Chosen, typed: str) -> Selection:
    query = parse(typed, required=True)
    if data.box is None:
        boxes = selectors.boxes.own_boxes(request.user)
    else:
        boxes = [own_box(request, data.box, "box")]
    if data.seen is None:
        return selection.found(boxes, query)
    return selection.found(boxes, query, _seen(Urls(request), boxes, data.seen))


def _seen(urls: Urls, boxes: Sequence[Box], given: Sequence[str]) -> dict[int, int]:
    """Return the last uid seen by box; raises ReferenceInvalid for what is in none of the boxes."""
    ids, seen = {box.pk for box in boxes}, dict[int, int]()
    for reference in given:
        box_id, uid = pair_of(urls.key(reference, "delivered-posts", "seen")) or (0, 0)
        if box_id not in ids:
            raise errors.ReferenceInvalid(
                field="seen", given=reference[:200], example=urls.delivered_post(7, 42)
            )
        seen[box_id] = max(uid, seen.get(box_id, 0))
    return seen
