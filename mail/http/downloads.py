"""An attachment over HTTP, piece by piece: conditional, in ranges, and never to be run."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import IO

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, quote_etag

from mail import selectors
from mail.models import Attachment
from mail.storage import file_types

PIECE = 64 * 1024  # bytes
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_HEADERS = {
    "Accept-Ranges": "bytes",
    # Who may read it may change; what is in it does not.
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class _Part:
    """So many bytes of a file from some place on; closing it closes the file."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        file.seek(start)
        self._file, self._left = file, length
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        piece = self._file.read(min(PIECE, self._left)) if self._left else b""
        if not piece:
            raise StopIteration
        self._left -= len(piece)
        return piece


def download(
    request: HttpRequest, attachment: Attachment, *, inline: bool = False
) -> HttpResponseBase:
    """What is in a file, or the range that was asked for; raises FileMissing.

    Shown in the page only where that is asked for and its bytes are those of an image.
    """
    blob = attachment.blob
    shown = inline and bool(blob.image_type)
    etag = quote_etag(blob.digest)
    headers = _HEADERS | {
        "ETag": etag,
        "Content-Type": blob.image_type if shown else file_types.safe_type(attachment.content_type),
        "Content-Disposition": content_disposition_header(not shown, attachment.name)
        or "attachment",
    }
    unmet = get_conditional_response(request, etag=etag)
    if unmet is not None:
        unmet.headers["Cache-Control"] = headers["Cache-Control"]
        return unmet
    wanted = _range(request, etag, blob.size)
    if wanted is None:
        headers |= {"Content-Range": f"bytes */{blob.size}"}
        status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        return HttpResponse(status=status, headers=headers)
    start, length, is_range = wanted
    status = HTTPStatus.OK
    if is_range:
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {start}-{start + length - 1}/{blob.size}"
    part = _Part(selectors.attachments.content(attachment), start, length)
    headers["Content-Length"] = str(length)
    if _is_head(request):
        part.close()
        return StreamingHttpResponse((), status=status, headers=headers)
    return StreamingHttpResponse(part, status=status, headers=headers)


def _is_head(request: HttpRequest) -> bool:
    """Also where it is answered like a GET, and what would be sent is left out."""
    return request.META.get("REQUEST_METHOD") == "HEAD"


def _range(request: HttpRequest, etag: str, size: int) -> tuple[int, int, bool] | None:
    """Where to begin, how many bytes to send, and whether as a range (RFC 9110 §14).

    None for a range that is not there. Several ranges, and what is none, are answered with the
    whole, and so is one for another content. Only GET knows ranges.
    """
    found = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if _is_head(request) or not found or found[0] == "bytes=-":
        return 0, size, False
    if request.headers.get("If-Range", etag) != etag:
        return 0, size, False
    if not found[1]:  # so many at the end
        start, end = max(0, size - int(found[2])), size - 1
    else:
        start, end = int(found[1]), min(int(found[2] or size - 1), size - 1)
        if found[2] and int(found[2]) < start:  # no range at all
            return 0, size, False
    return (start, end - start + 1, True) if start < size else None
