"""What endpoints share: the person, their boxes, and the parameters of lists."""

from typing import Annotated

from django.http import HttpRequest
from ninja import Query
from pydantic import Field

from mail import errors, selectors
from mail.api.answers import DEFAULT_LIMIT, MAX_LIMIT
from mail.api.urls import Urls
from mail.models import Box, User

Limit = Annotated[
    int, Query(ge=1, le=MAX_LIMIT, description=f"Objects in one answer, at most {MAX_LIMIT}.")
]
Cursor = Annotated[
    str | None, Query(max_length=500, description="Where to go on: from the Link header.")
]
DEFAULT = DEFAULT_LIMIT
Text = Annotated[str | None, Field(max_length=255)]


class ApiRequest(HttpRequest):
    """A request whose asker is known."""

    user: User


def target_box(request: ApiRequest, reference: str, field: str) -> Box:
    """A box that a request's body names; raises UnknownRecipient or ReferenceInvalid."""
    name = Urls(request).key(reference, "boxes", field)
    try:
        return selectors.visible_box(request.user, name)
    except errors.NotFound:
        raise errors.UnknownRecipient(names=[name], field=field) from None


def own_box(request: ApiRequest, reference: str, field: str) -> Box:
    """One of the asker's boxes that a request's body names; raises as `target_box`."""
    name = Urls(request).key(reference, "boxes", field)
    try:
        return selectors.own_box_named(request.user, name)
    except errors.NotFound:
        raise errors.UnknownRecipient(names=[name], field=field) from None
