"""`submissions`: what became of what one sent."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from ninja import Router

from mail import errors, selectors
from mail.api.answers import page, read_cursor, tagged
from mail.api.common import DEFAULT, ApiRequest, Cursor, Limit, SubmissionId
from mail.api.schemas import SubmissionDetail, SubmissionOut, errors_of
from mail.api.urls import Urls
from mail.models import Submission

router = Router(tags=["submissions"])


def _shown(urls: Urls, row: Submission) -> dict[str, Any]:
    return {
        "url": urls.submission(row.pk),
        "post": urls.post(row.post_id),
        "state": row.state,
        "created": row.created,
        "attempts": row.attempts,
    }


def _recipients(urls: Urls, row: Submission) -> list[dict[str, Any]]:
    names = selectors.names_of(set(row.recipients))
    waiting = row.state == Submission.State.ACCEPTED
    shown = []
    for box_id in row.recipients:
        error = row.errors.get(str(box_id), "")
        state = "pending" if waiting else "failed" if error else "delivered"
        box = urls.box(names[box_id]) if box_id in names else None
        shown.append({"box": box, "state": state, "error": error})
    return shown


@router.get(
    "",
    response={200: list[SubmissionOut], 304: None, **errors_of(400, 422)},
    operation_id="list_submissions",
    summary="List submissions",
)
def list_submissions(
    request: ApiRequest, limit: Limit = DEFAULT, cursor: Cursor = None
) -> HttpResponse:
    """What one sent, newest first."""
    rows = Submission.objects.filter(sender=request.user).order_by("-pk")
    if (before := read_cursor(cursor)) is not None:
        if not (before.isascii() and before.isdigit() and len(before) < 19):  # noqa: PLR2004
            raise errors.CursorInvalid
        rows = rows.filter(pk__lt=int(before))
    urls = Urls(request)

    def show(found: Sequence[Submission]) -> list[dict[str, Any]]:
        return [_shown(urls, row) for row in found]

    rows = rows.defer("recipients", "errors")
    return page(request, list(rows[: limit + 1]), limit, key=lambda row: row.pk, show=show)


@router.get(
    "/{submission_id}",
    response={200: SubmissionDetail, 304: None, **errors_of(404)},
    operation_id="get_submission",
    summary="One submission",
)
def get_submission(request: ApiRequest, submission_id: SubmissionId) -> HttpResponse:
    """What came of a sending, for each recipient."""
    if not 0 <= submission_id < 2**63:
        raise errors.NotFound
    row = Submission.objects.filter(sender=request.user, pk=submission_id).first()
    if row is None:
        raise errors.NotFound
    urls = Urls(request)
    return tagged(request, _shown(urls, row) | {"recipients": _recipients(urls, row)})
