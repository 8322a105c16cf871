"""`sessions`: the browsers in which one is signed in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Path, Router, Schema
from pydantic import Field

from mail import errors, selectors, services
from mail.api.links import Urls
from mail.api.params import DEFAULT, ApiRequest, Cursor, Limit
from mail.api.responses import answer, nothing, page, read_cursor
from mail.api.schemas import Url, errors_of
from mail.models import Session
from mail.templatetags.mail import device

router = Router(tags=["sessions"])

Handle = Annotated[str, Path(description="What stands at the end of a session's `url`.")]


class SessionOut(Schema):
    url: Url
    device: str = Field(description="The browser and its system.", examples=["Firefox on Linux"])
    user_agent: str = Field(description="What the browser said of itself at the sign-in.")
    started: datetime = Field(description="When somebody signed in there.")
    last_seen: datetime | None = Field(description="When it was last used, to the hour.")
    expires: datetime
    is_current: bool = Field(description="Whether it is this session that asks.")


class SessionsEnded(Schema):
    ended: int = Field(description="In how many browsers one was signed in.")


@router.get(
    "",
    response={200: list[SessionOut], 304: None, **errors_of(400, 422)},
    operation_id="list_sessions",
    summary="List where one is signed in",
)
def list_sessions(
    request: ApiRequest, limit: Limit = DEFAULT, cursor: Cursor = None
) -> HttpResponse:
    """The browsers in which one is signed in, the last first; programs with tokens are none."""
    rows = selectors.account.sessions(request.user)
    if (before := read_cursor(cursor)) is not None:
        rows = rows.filter(started__lt=_moment(before))

    def show(found: Sequence[Session]) -> list[dict[str, Any]]:
        return [_shown(request, session) for session in found]

    found = list(rows[: limit + 1])
    return page(request, found, limit, key=lambda session: session.started, show=show)


def _moment(key: str) -> datetime:
    try:
        moment = datetime.fromisoformat(key)
    except ValueError:
        raise errors.CursorInvalid from None
    if moment.tzinfo is None:
        raise errors.CursorInvalid
    return moment


def _shown(request: ApiRequest, session: Session) -> dict[str, Any]:
    return {
        "url": Urls(request).session(session.handle),
        "device": device(session.user_agent),
        "user_agent": session.user_agent,
        "started": session.started,
        "last_seen": session.last_seen,
        "expires": session.expire_date,
        "is_current": session.session_key == request.session.session_key,
    }


@router.post(
    "/end-others",
    response={200: SessionsEnded, **errors_of(403)},
    operation_id="end_other_sessions",
    summary="Sign out everywhere else",
)
def end_other_sessions(request: ApiRequest) -> HttpResponse:
    """Sign out in all browsers but this one: asked for by a program, in all."""
    own_key = request.session.session_key or ""
    ended = services.account.sign_out_elsewhere(user=request.user, session_key=own_key)
    return answer({"ended": ended})


@router.delete(
    "/{handle}",
    response={204: None, **errors_of(403, 404)},
    operation_id="end_session",
    summary="Sign out in one browser",
)
def end_session(request: ApiRequest, handle: Handle) -> HttpResponse:
    """Whoever sits there has to sign in anew."""
    services.account.end_session(user=request.user, handle=handle)
    return nothing()
