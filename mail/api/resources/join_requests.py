"""`boxes/{name}/join-requests`: asking to join a group, and its managers' answers."""

from typing import Any

from django.http import HttpResponse
from ninja import Router

from mail import selectors, services
from mail.api.links import Urls
from mail.api.params import DEFAULT, ApiRequest, Cursor, Limit, Name, Username
from mail.api.resources import users
from mail.api.resources.boxes import group, person
from mail.api.resources.group_schemas import JoinRequestOut
from mail.api.responses import next_link, nothing, read_number, tagged
from mail.api.schemas import errors_of
from mail.models import JoinRequest

router = Router(tags=["groups"])


@router.get(
    "",
    response={200: list[JoinRequestOut], 304: None, **errors_of(400, 404, 422)},
    operation_id="list_join_requests",
    summary="List who asks to join a group",
)
def list_join_requests(
    request: ApiRequest, name: Name, limit: Limit = DEFAULT, cursor: Cursor = None
) -> HttpResponse:
    """Those first who have waited longest: all for its managers, one's own for everybody else."""
    box, urls, after = group(request, name), Urls(request), read_number(cursor) or 0
    found, following = selectors.groups.visible_join_requests(
        request.user, box, after=after, limit=limit
    )
    more = {"Link": next_link(request, str(following))} if following else {}
    return tagged(request, [_shown(urls, each) for each in found], headers=more)


def _shown(urls: Urls, asking: JoinRequest) -> dict[str, Any]:
    return users.shown_person(urls, asking.user) | {"asked": asking.created}


@router.post(
    "",
    response={204: None, **errors_of(403, 404)},
    operation_id="ask_to_join",
    summary="Ask to join a group",
)
def ask_to_join(request: ApiRequest, name: Name) -> HttpResponse:
    """For oneself; asking again changes nothing."""
    services.memberships.ask(box=group(request, name), user=request.user)
    return nothing()


@router.post(
    "/{username}/accept",
    response={204: None, **errors_of(403, 404)},
    operation_id="accept_join_request",
    summary="Accept who asks to join",
)
def accept_join_request(request: ApiRequest, name: Name, username: Username) -> HttpResponse:
    """They are a member from now on; who asks no longer stays as they are."""
    services.memberships.accept(box=group(request, name), user=person(username), by=request.user)
    return nothing()


@router.delete(
    "/{username}",
    response={204: None, **errors_of(403, 404)},
    operation_id="end_join_request",
    summary="Withdraw or refuse a request",
)
def end_join_request(request: ApiRequest, name: Name, username: Username) -> HttpResponse:
    """One's own is withdrawn; that of somebody else is refused, which managers may."""
    services.memberships.refuse(box=group(request, name), user=person(username), by=request.user)
    return nothing()
