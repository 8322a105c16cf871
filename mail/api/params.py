"""What endpoints share: the person, their boxes, and the parameters of lists."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Query

from mail import errors, selectors
from mail.api.links import Urls
from mail.api.responses import DEFAULT_LIMIT, MAX_LIMIT
from mail.api.schemas import DayOrMoment
from mail.models import Box, User
from mail.search.query import EXAMPLE

Limit = Annotated[
    int, Query(ge=1, le=MAX_LIMIT, description=f"Objects in one answer, at most {MAX_LIMIT}.")
]
Cursor = Annotated[
    str | None, Query(max_length=500, description="Where to go on: from the Link header.")
]
DEFAULT = DEFAULT_LIMIT

# What lists are filtered by.
MAX_TEXT = 255
Start = Annotated[
    str | None, Query(max_length=MAX_TEXT, description="Names that begin so, in any case.")
]
Sender = Annotated[
    str | None, Query(max_length=MAX_TEXT, description="Who wrote it: an address or a username.")
]
BoxName = Annotated[
    str | None,
    Query(max_length=MAX_TEXT, description="One of one's own boxes: an address or a name."),
]
From = Annotated[
    DayOrMoment | None,
    Query(
        description="At this time or later. A day begins at midnight in the person's time zone, in "
        "which a time without a zone is read, too."
    ),
]
Until = Annotated[DayOrMoment | None, Query(description="Before this time, or this day.")]
Thread = Annotated[UUID | None, Query(description="Of one conversation: the `thread` of a post.")]
IsRead = Annotated[bool | None, Query(description="Only what is read, or only what is not.")]
IsFlagged = Annotated[bool | None, Query(description="Only what is flagged, or only what is not.")]
Search = Annotated[
    str | None,
    Query(
        description='What to look for, as people type it: words, `"phrases"`, `from:`, `to:`, '
        "`subject:`, `in:` a folder, `is:unread`, `is:read`, `is:flagged`, `has:attachment`, "
        "`before:` and `after:` a day like 2026-01-31; `-` before any of them negates it. "
        f"For example: `{EXAMPLE}`.",
    ),
]
Kind = Annotated[Box.Kind | None, Query(description="Boxes of one kind.")]

# What stands in addresses.
Name = Annotated[str, Path(description="A box's name, in any case.")]
Username = Annotated[str, Path(description="A person's username, in any case.")]
PostId = Annotated[UUID, Path(description="A post's `id`.")]
DeliveredPostId = Annotated[str, Path(description="A delivered post's `id`, like `7.42`.")]
SubscriptionId = Annotated[str, Path(description="A subscription's `id`, like `7.3`.")]
SubmissionId = Annotated[int, Path(description="The number at the end of a submission's `url`.")]
DraftVersion = Annotated[
    int | None, Query(ge=1, le=2**31 - 1, description="Only this version is sent.")
]
DraftId = Annotated[UUID, Path(description="A draft's `id`.")]
TokenId = Annotated[int, Path(description="The number at the end of a token's `url`.")]


class ApiRequest(HttpRequest):
    """A request whose asker is known."""

    user: User
    token_expires: datetime | None = None  # of the token that asks, if it is one that ends


def target_box(request: ApiRequest, reference: str, field: str) -> Box:
    """A box that a request's body names; raises UnknownRecipient or ReferenceInvalid."""
    name = Urls(request).key(reference, "boxes", field)
    try:
        return selectors.boxes.visible_box(request.user, name)
    except errors.NotFound:
        raise errors.UnknownRecipient(names=[name], field=field) from None


def own_box(request: ApiRequest, reference: str, field: str) -> Box:
    """One of the asker's boxes that a request's body names; raises as `target_box`."""
    name = Urls(request).key(reference, "boxes", field)
    try:
        return selectors.boxes.own_box_named(request.user, name)
    except errors.NotFound:
        raise errors.UnknownRecipient(names=[name], field=field) from None
