"""`users`: the people here; read only."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from ninja import Router

from mail import errors, names
from mail.api.links import Urls
from mail.api.params import DEFAULT, ApiRequest, Cursor, Limit, Start, Username
from mail.api.responses import page, read_cursor, tagged
from mail.api.schemas import UserOut, errors_of
from mail.models import User

router = Router(tags=["users"])


def shown(urls: Urls, username: str, first_name: str, last_name: str) -> dict[str, Any]:
    return {
        "url": urls.user(username),
        "username": username,
        "name": names.full_name(first_name, last_name),
        "box": urls.box(username),
    }


def shown_person(urls: Urls, user: User) -> dict[str, Any]:
    return shown(urls, user.username, user.first_name, user.last_name)


FIELDS = ("username", "first_name", "last_name")


@router.get(
    "",
    response={200: list[UserOut], 304: None, **errors_of(400, 422)},
    operation_id="list_users",
    summary="List people",
)
def list_users(
    request: ApiRequest,
    name_startswith: Start = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> HttpResponse:
    """Active people by username."""
    rows = User.objects.filter(is_active=True).order_by("username")
    if name_startswith:
        rows = rows.filter(username__istartswith=name_startswith)
    if (after := read_cursor(cursor)) is not None:
        rows = rows.filter(username__gt=after)
    urls = Urls(request)

    def show(found: Sequence[Any]) -> list[dict[str, Any]]:
        return [shown(urls, *row) for row in found]

    found = list(rows.values_list(*FIELDS)[: limit + 1])
    return page(request, found, limit, key=lambda row: row[0], show=show)


@router.get(
    "/{username}",
    response={200: UserOut, 304: None, **errors_of(404)},
    operation_id="get_user",
    summary="One person",
)
def get_user(request: ApiRequest, username: Username) -> HttpResponse:
    """A person by username, compared without case."""
    rows = User.objects.filter(is_active=True, username__iexact=username)
    row = rows.values_list(*FIELDS).first()
    if row is None:
        raise errors.NotFound
    return tagged(request, shown(Urls(request), *row))
