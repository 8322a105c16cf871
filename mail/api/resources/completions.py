"""`completions`: whom one can write to, by the beginning of a name."""

from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Query, Router

from mail import selectors
from mail.api.links import Urls
from mail.api.params import MAX_TEXT, ApiRequest
from mail.api.responses import tagged
from mail.api.schemas import CompletionOut, errors_of
from mail.selectors.recipients import Completion

router = Router(tags=["completions"])

MOST = 50
FEW = 8

Typed = Annotated[
    str, Query(max_length=MAX_TEXT, description="How a name begins, or a person's full name.")
]
Few = Annotated[
    int, Query(ge=1, le=MOST, description=f"Completions in one answer, at most {MOST}.")
]


def shown(urls: Urls, one: Completion) -> dict[str, Any]:
    return {
        "box": urls.box(one.name),
        "name": one.name,
        "kind": one.kind,
        "full_name": one.full_name,
        "size": one.size,
    }


@router.get(
    "",
    response={200: list[CompletionOut], 304: None, **errors_of(422)},
    operation_id="list_completions",
    summary="Complete a name",
)
def list_completions(request: ApiRequest, q: Typed = "", limit: Few = FEW) -> HttpResponse:
    """People, groups and everyone, as far as one may write to them, whose names begin so.

    First by the name of the box, then by people's full and last names; none for no text.
    """
    urls = Urls(request)
    found = selectors.recipients.completions(request.user, q, limit=limit)
    return tagged(request, [shown(urls, one) for one in found])
