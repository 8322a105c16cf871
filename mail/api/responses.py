"""Answers: JSON, pages with Link headers, entity tags."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags

from mail import errors

MAX_LIMIT = 200
DEFAULT_LIMIT = 50
IMMUTABLE = "private, max-age=31536000, immutable"


def answer(
    data: Any, *, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> HttpResponse:
    """JSON, with times in UTC."""
    content = orjson.dumps(data, option=orjson.OPT_UTC_Z)
    return HttpResponse(content, status=status, content_type="application/json", headers=headers)


def created(data: dict[str, Any]) -> HttpResponse:
    """A new object, whose address is in Location, too."""
    return answer(data, status=HTTPStatus.CREATED, headers={"Location": data["url"]})


def nothing() -> HttpResponse:
    """204, without a body."""
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def known(request: HttpRequest, headers: dict[str, str]) -> HttpResponse | None:
    """304 if the client has what the ETag stands for (RFC 9110 §13.1.2), else None.

    It carries the headers of the answer that it stands for (§15.4.5).
    """
    tag, given = headers["ETag"], parse_etags(request.headers.get("If-None-Match", ""))
    if tag in given or "*" in given or f"W/{tag}" in given:
        return HttpResponse(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return None


def tag_of(*parts: object) -> str:
    """A strong entity tag for what the parts determine, the address with its query included."""
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def tagged(
    request: HttpRequest, data: Any, *, headers: dict[str, str] | None = None
) -> HttpResponse:
    """JSON under a tag made from its content."""
    response = answer(data)
    tag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    said = {"ETag": tag, **(headers or {})}
    if (not_modified := known(request, said)) is not None:
        return not_modified
    for name, value in said.items():
        response.headers[name] = value
    return response


def page(
    request: HttpRequest,
    rows: Sequence[Any],
    limit: int,
    *,
    key: Callable[[Any], object],
    show: Callable[[Sequence[Any]], list[Any]],
) -> HttpResponse:
    """An array of at most `limit` of the rows, of which one more was read, and where it goes on."""
    more = {"Link": next_link(request, str(key(rows[limit - 1])))} if len(rows) > limit else {}
    return tagged(request, show(rows[:limit]), headers=more)


def next_link(request: HttpRequest, key: str) -> str:
    """The Link header (RFC 8288) to what comes after a key."""
    query = urlencode({**request.GET.dict(), "cursor": _written(key)})
    return f'<{request.build_absolute_uri(request.path)}?{query}>; rel="next"'


def _written(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> str | None:
    """The key that a cursor stands for; raises CursorInvalid."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise errors.CursorInvalid from None
    if "\0" in key:
        raise errors.CursorInvalid
    return key


def read_number(cursor: str | None) -> int | None:
    """The number that a cursor stands for, of a list in the order of its rows' numbers."""
    if (key := read_cursor(cursor)) is None:
        return None
    if not (key.isascii() and key.isdigit() and len(key) < 19):  # noqa: PLR2004 - a bigint
        raise errors.CursorInvalid
    return int(key)
