"""`submissions`: what became of what one sent."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from ninja import Router

from mail import errors, selectors, services
from mail.api.links import Urls
from mail.api.params import DEFAULT, ApiRequest, Cursor, Limit, SubmissionId
from mail.api.resources import drafts
from mail.api.responses import answer, page, read_number, tagged
from mail.api.schemas import DraftDetail, SubmissionDetail, SubmissionOut, errors_of
from mail.models import Submission

router = Router(tags=["submissions"])


def _shown(urls: Urls, row: Submission) -> dict[str, Any]:
    return {
        "url": urls.submission(row.pk),
        "post": urls.post(row.post_id),
        "state": row.state,
        "created": row.created,
        "attempts": row.attempts,
        "undo_until": row.created + services.sending.UNDO_FOR,
    }


def _recipients(urls: Urls, row: Submission) -> list[dict[str, Any]]:
    names = selectors.boxes.names_of(set(row.recipients))
    waiting = row.state == Submission.State.ACCEPTED
    shown = []
    for box_id in row.recipients:
        error = row.errors.get(str(box_id), "")
        pending = waiting and (error or not row.attempts)
        state = "pending" if pending else "failed" if error else "delivered"
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
    if (before := read_number(cursor)) is not None:
        rows = rows.filter(pk__lt=before)
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
    row, urls = _one(request, submission_id), Urls(request)
    return tagged(request, _shown(urls, row) | {"recipients": _recipients(urls, row)})


def _one(request: ApiRequest, submission_id: int) -> Submission:
    if not 0 <= submission_id < 2**63:
        raise errors.NotFound
    rows = Submission.objects.filter(sender=request.user, pk=submission_id)
    row = rows.select_related("post").first()
    if row is None:
        raise errors.NotFound
    return row


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
    submission = _one(request, submission_id)
    draft = services.sending.undo(submission=submission, by=request.user)
    return answer(drafts.shown_whole(Urls(request), draft))
