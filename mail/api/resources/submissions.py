"""`submissions`: posts that the caller sent, and what came of each recipient."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from ninja import Router

from mail import selectors, services
from mail.api.links import Urls
from mail.api.params import DEFAULT, ApiRequest, Cursor, Limit, SubmissionId
from mail.api.resources import drafts
from mail.api.responses import answer, page, read_number, tagged
from mail.api.schemas import DraftDetail, SubmissionDetail, SubmissionOut, errors_of
from mail.models import Submission

router = Router(tags=["submissions"])


def _serialize(urls: Urls, row: Submission) -> dict[str, Any]:
    return {
        "url": urls.submission(row.pk),
        "post": urls.post(row.post_id),
        "state": row.state,
        "created": row.created,
        "attempts": row.attempts,
        "undo_until": row.created + services.sending.UNDO_FOR,
    }


def _recipients(urls: Urls, row: Submission) -> list[dict[str, Any]]:
    return [
        {
            "box": urls.box(each.name) if each.name else None,
            "state": each.state,
            "attempts": each.attempts,
            "next_attempt_at": each.next_attempt_at,
            "code": each.code,
            "error": each.error,
        }
        for each in selectors.submissions.recipients(row)
    ]


@router.get(
    "",
    response={200: list[SubmissionOut], 304: None, **errors_of(400, 422)},
    operation_id="list_submissions",
    summary="List submissions",
)
def list_submissions(
    request: ApiRequest, limit: Limit = DEFAULT, cursor: Cursor = None
) -> HttpResponse:
    """List what the caller sent, newest first."""
    rows = selectors.submissions.own(request.user)
    if (before := read_number(cursor)) is not None:
        rows = rows.filter(pk__lt=before)
    urls = Urls(request)

    def show(found: Sequence[Submission]) -> list[dict[str, Any]]:
        return [_serialize(urls, row) for row in found]

    return page(request, list(rows[: limit + 1]), limit, key=lambda row: row.pk, show=show)


@router.get(
    "/{submission_id}",
    response={200: SubmissionDetail, 304: None, **errors_of(404)},
    operation_id="get_submission",
    summary="One submission",
)
def get_submission(request: ApiRequest, submission_id: SubmissionId) -> HttpResponse:
    """Return what came of a submission, for each recipient."""
    row, urls = selectors.submissions.own_submission(request.user, submission_id), Urls(request)
    return tagged(request, _serialize(urls, row) | {"recipients": _recipients(urls, row)})


@router.post(
    "/{submission_id}/undo",
    response={200: DraftDetail, **errors_of(403, 404, 409)},
    operation_id="undo_submission",
    summary="Undo a sending",
)
def undo_submission(request: ApiRequest, submission_id: SubmissionId) -> HttpResponse:
    """Recall what was sent a moment ago, and get it back as a draft: until `undo_until`.

    Again it gives the same draft. 404: it was recalled otherwise, or its draft is no more.
    """
    submission = selectors.submissions.own_submission(request.user, submission_id)
    draft = services.sending.undo(submission=submission, by=request.user)
    return answer(drafts.shown_whole(Urls(request), draft))
