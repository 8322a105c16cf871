"""Actions on everything that a search finds, in all of one's own boxes."""

from collections.abc import Iterator
from typing import Annotated

from django.http import HttpResponse
from ninja import Router
from pydantic import Field, StrictBool

from mail import errors, selectors, services
from mail.api.links import Urls, pair_of
from mail.api.params import ApiRequest, own_box
from mail.api.responses import answer
from mail.api.schemas import HOST, Changed, Input, Reference, errors_of, limits
from mail.models import Box
from mail.search.query import EXAMPLE, MAX_LENGTH, parse

router = Router(tags=["actions"])


class Found(Input):
    """Everything that a search finds, and was seen."""

    q: str = Field(
        description="What to look for, as in the list of delivered posts; it is not empty.",
        examples=[EXAMPLE],
        json_schema_extra=limits(minLength=1, maxLength=MAX_LENGTH),
    )
    seen: Annotated[list[Reference], Field(max_length=1000)] | None = Field(
        None,
        description="The newest delivered post that one has seen, of each box: what came later "
        "stays, and so does all that lies in other boxes. Left out: all there is by now.",
        examples=[[f"{HOST}/delivered-posts/7.42", "9.3"]],
    )


class FoundRead(Found):
    is_read: StrictBool = Field(default=True, description="false marks them unread.")


class FoundFlag(Found):
    is_flagged: StrictBool = Field(default=True, description="false takes the flag away.")


class FoundMove(Found):
    to: Reference = Field(
        description="One of one's own boxes.", examples=[f"{HOST}/boxes/alice:archive"]
    )


def _hits(request: ApiRequest, data: Found) -> Iterator[selectors.hits.HitBatch]:
    boxes, query = selectors.boxes.own_boxes(request.user), parse(data.q, required=True)
    if data.seen is None:
        return selectors.hits.all_hits(boxes, query, selectors.hits.seen_of(boxes))
    return selectors.hits.all_hits(boxes, query, _seen(Urls(request), boxes, data.seen))


def _seen(urls: Urls, boxes: list[Box], given: list[str]) -> dict[int, int]:
    """Up to which uid of each box; raises ReferenceInvalid for what is in no box of one's own."""
    own, seen = {box.pk for box in boxes}, dict[int, int]()
    for reference in given:
        box_id, uid = pair_of(urls.key(reference, "delivered-posts", "seen")) or (0, 0)
        if box_id not in own:
            raise errors.ReferenceInvalid(
                field="seen", given=reference[:200], example=urls.delivered_post(7, 42)
            )
        seen[box_id] = max(uid, seen.get(box_id, 0))
    return seen


@router.post(
    "/mark-found-read",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="mark_found_read",
    summary="Mark read or unread what a search finds",
)
def mark_found_read(request: ApiRequest, data: FoundRead) -> HttpResponse:
    """Mark everything that a search finds."""
    hits = _hits(request, data)
    return answer({"changed": services.hits.mark_hits(hits=hits, read=data.is_read)})


@router.post(
    "/flag-found",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="flag_found",
    summary="Flag what a search finds, or take its flag away",
)
def flag_found(request: ApiRequest, data: FoundFlag) -> HttpResponse:
    """Flag everything that a search finds."""
    hits = _hits(request, data)
    return answer({"changed": services.hits.flag_hits(hits=hits, flagged=data.is_flagged)})


@router.post(
    "/move-found",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="move_found",
    summary="Move what a search finds to a box",
)
def move_found(request: ApiRequest, data: FoundMove) -> HttpResponse:
    """Move everything that a search finds to one of one's own boxes.

    What is there already stays, and is not counted.
    """
    hits, to = _hits(request, data), own_box(request, data.to, "to")
    return answer({"changed": sum(map(len, services.hits.move_hits(hits=hits, to=to)))})


@router.post(
    "/delete-found",
    response={200: Changed, **errors_of(400, 403, 413, 415, 422)},
    operation_id="delete_found",
    summary="Remove what a search finds for good",
)
def delete_found(request: ApiRequest, data: Found) -> HttpResponse:
    """Remove everything that a search finds for good; nobody else's copy is touched.

    What may be wanted back is moved to the trash instead.
    """
    return answer({"changed": services.hits.delete_hits(hits=_hits(request, data))})
