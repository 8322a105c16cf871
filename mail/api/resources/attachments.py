"""`attachments`: files of drafts and posts."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from ninja import Path, Query, Router

from mail import selectors, services
from mail.api.links import Urls
from mail.api.params import ApiRequest, DraftId
from mail.api.problems import problem
from mail.api.responses import created, nothing, tagged
from mail.api.schemas import AttachmentOut, errors_of
from mail.http import downloads
from mail.models import Attachment

router = Router(tags=["attachments"])
of_drafts = Router(tags=["attachments"])

AttachmentId = Annotated[UUID, Path(description="An attachment's `id`.")]
FileName = Annotated[
    str, Query(max_length=1000, description="The file's name; directories are left out.")
]
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def shown(urls: Urls, attachment: Attachment) -> dict[str, Any]:
    url = urls.attachment(attachment.pk)
    return {
        "url": url,
        "id": attachment.pk,
        "content": f"{url}/content",
        "name": attachment.name,
        "content_type": attachment.content_type,
        "size": attachment.blob.size,
        "digest": attachment.blob_id,
    }


def all_shown(urls: Urls, attachments: Iterable[Attachment]) -> list[dict[str, Any]]:
    return [shown(urls, attachment) for attachment in attachments]


@of_drafts.get(
    "",
    response={200: list[AttachmentOut], 304: None, **errors_of(404)},
    operation_id="list_attachments",
    summary="The files of a draft",
)
def list_attachments(request: ApiRequest, draft_id: DraftId) -> HttpResponse:
    """What a draft of one's own carries, in the order in which it was attached."""
    draft = selectors.drafts.own_draft(request.user, draft_id)
    found = selectors.attachments.of_draft(request.user, draft.pk)
    return tagged(request, all_shown(Urls(request), found))


@of_drafts.post(
    "",
    response={201: AttachmentOut, **errors_of(400, 403, 404, 413, 415, 422, 507)},
    operation_id="attach",
    summary="Attach a file to a draft",
    openapi_extra={
        "requestBody": {
            "description": "The file itself, as it is. Its media type is the Content-Type.",
            "required": True,
            "content": {"application/octet-stream": _BINARY},
        }
    },
)
def attach(request: ApiRequest, draft_id: DraftId, name: FileName) -> HttpResponse:
    """Send a file as the body of the request, with its `name` in the address.

    It is stored once, whoever sends it how often. What breaks off half-way leaves nothing.
    """
    attached = services.attachments.attach(
        draft=selectors.drafts.own_draft(request.user, draft_id),
        file=request,
        name=name,
        content_type=request.content_type or "",
        size=int(request.headers.get("Content-Length") or 0),
    )
    return created(shown(Urls(request), attached))


@router.get(
    "/{attachment_id}",
    response={200: AttachmentOut, 304: None, **errors_of(404)},
    operation_id="get_attachment",
    summary="One attachment",
)
def get_attachment(request: ApiRequest, attachment_id: AttachmentId) -> HttpResponse:
    """What a file of a draft of one's own, or of a post that one may read, is."""
    found = selectors.attachments.readable(request.user, attachment_id)
    return tagged(request, shown(Urls(request), found))


_SENT: dict[str, Any] = {
    "headers": {
        name: {"$ref": f"#/components/headers/{name}"}
        for name in ("Accept-Ranges", "Content-Disposition", "Cross-Origin-Resource-Policy")
    },
    "content": {"*/*": _BINARY},
}
_RANGE_HEADERS = {
    name: {"$ref": f"#/components/headers/{name}"} for name in ("Content-Range", "ETag")
}


@router.get(
    "/{attachment_id}/content",
    response={200: None, 206: None, 304: None, **errors_of(404, 412, 416, 503)},
    operation_id="get_attachment_content",
    summary="Download an attachment",
    openapi_extra={
        "responses": {
            200: {"description": "The file, streamed.", **_SENT},
            206: {
                "description": "The range that `Range` asked for.",
                "headers": {**_SENT["headers"], **_RANGE_HEADERS},
                "content": _SENT["content"],
            },
            416: {"headers": {"Content-Range": _RANGE_HEADERS["Content-Range"]}},
        }
    },
)
def get_attachment_content(request: ApiRequest, attachment_id: AttachmentId) -> HttpResponseBase:
    """The file itself, or one range of it; never as a type that a browser would run."""
    found = selectors.attachments.readable(request.user, attachment_id)
    answer = downloads.download(request, found)
    if answer.status_code < HTTPStatus.BAD_REQUEST:
        return answer
    refusal = problem(HTTPStatus(answer.status_code))
    if "Content-Range" in answer.headers:
        refusal.headers["Content-Range"] = answer.headers["Content-Range"]
    return refusal


@router.delete(
    "/{attachment_id}",
    response={204: None, **errors_of(403, 404)},
    operation_id="detach",
    summary="Take a file from a draft",
)
def detach(request: ApiRequest, attachment_id: AttachmentId) -> HttpResponse:
    """Take a file from a draft of one's own; what was sent stays as it was."""
    found = selectors.attachments.of_own_draft(request.user, attachment_id)
    services.attachments.detach(attachment=found)
    return nothing()
