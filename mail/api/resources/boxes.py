"""`boxes`: people, groups, everyone, and one's own folders."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from django.http import HttpResponse, StreamingHttpResponse
from django.http.request import split_domain_port
from ninja import Query, Router

from mail import errors, names, selectors, services
from mail.api.links import Urls
from mail.api.params import (
    DEFAULT,
    MAX_TEXT,
    ApiRequest,
    Cursor,
    Kind,
    Limit,
    Name,
    Start,
    Username,
)
from mail.api.resources import users
from mail.api.resources.group_schemas import AboutIn
from mail.api.responses import answer, created, next_link, nothing, page, read_cursor, tagged
from mail.api.schemas import BoxIn, BoxOut, Changes, MembersIn, UserOut, errors_of
from mail.mime import mbox
from mail.models import Box, User

router = Router(tags=["boxes"])


type _Numbers = dict[int, selectors.boxes.Folder]


def _shown(request: ApiRequest, urls: Urls, box: Box, numbers: _Numbers) -> dict[str, Any]:
    """A box; `numbers` has those of all of one's own."""
    mine, within = box.owner_id == request.user.pk, numbers.get(box.pk)
    return {
        "url": urls.box(box.name),
        "name": box.name,
        "kind": box.kind,
        "created": box.created,
        "description": box.description,
        "owner": urls.user(box.owner.username) if box.owner else None,
        "join_policy": box.join_policy,
        "post_policy": box.post_policy,
        "mandatory": box.mandatory,
        "state": selectors.changes.state_of(box.counter) if mine else None,
        "unread": within.unread if within else None,
        "total": within.total if within else None,
    }


def _numbers(request: ApiRequest) -> _Numbers:
    return {folder.box_id: folder for folder in selectors.boxes.folders(request.user)}


@router.get(
    "",
    response={200: list[BoxOut], 304: None, **errors_of(400, 422)},
    operation_id="list_boxes",
    summary="List boxes",
)
def list_boxes(
    request: ApiRequest,
    name_startswith: Start = None,
    kind: Kind = None,
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> HttpResponse:
    """Boxes that one can write to, and one's own folders, by name."""
    rows = selectors.boxes.visible_boxes(request.user).order_by("name")
    if name_startswith:
        rows = rows.filter(name__istartswith=name_startswith)
    if kind:
        rows = rows.filter(kind=kind)
    if (after := read_cursor(cursor)) is not None:
        rows = rows.filter(name__gt=after)
    urls, found = Urls(request), list(rows.select_related("counter", "owner")[: limit + 1])
    numbers = _numbers(request)

    def show(found: Sequence[Box]) -> list[dict[str, Any]]:
        return [_shown(request, urls, box, numbers) for box in found]

    return page(request, found, limit, key=lambda box: box.name, show=show)


@router.post(
    "",
    response={201: BoxOut, **errors_of(400, 403, 413, 415, 422)},
    operation_id="create_box",
    summary="Make a group or a folder",
)
def create_box(request: ApiRequest, data: BoxIn) -> HttpResponse:
    """Make a group and become its manager, or, with one's own name and a colon, a folder."""
    owner, colon, folder = data.name.partition(":")
    if colon:
        if names.fold(owner) != names.fold(request.user.username):
            raise errors.NameInvalid(name=data.name[: names.MAX_LENGTH], limit=names.MAX_LENGTH)
        made = services.folders.create(owner=request.user, name=folder)
    else:
        made = services.groups.create(
            name=data.name,
            by=request.user,
            description=data.description,
            join_policy=data.join_policy,
            post_policy=data.post_policy,
        )
    box = selectors.boxes.visible_box(request.user, made.name)
    return created(_shown(request, Urls(request), box, _numbers(request)))


@router.get(
    "/{name}",
    response={200: BoxOut, 304: None, **errors_of(404)},
    operation_id="get_box",
    summary="One box",
)
def get_box(request: ApiRequest, name: Name) -> HttpResponse:
    """A box by name, compared without case."""
    box = selectors.boxes.visible_box(request.user, name)
    if box.owner_id == request.user.pk:
        services.mailbox.sync(box=box)
        box.counter.refresh_from_db()
    return tagged(request, _shown(request, Urls(request), box, _numbers(request)))


@router.delete(
    "/{name}",
    response={204: None, **errors_of(400, 403, 404)},
    operation_id="delete_box",
    summary="Delete a group or an empty folder",
)
def delete_box(request: ApiRequest, name: Name) -> HttpResponse:
    """Delete a group that one manages, or an empty folder that one made."""
    box = selectors.boxes.visible_box(request.user, name)
    if box.kind == Box.Kind.GROUP:
        services.groups.delete(box=box, by=request.user)
    elif box.owner_id == request.user.pk:
        services.folders.delete(box=box)
    else:
        raise errors.ManagingNotAllowed(name=box.name)
    return nothing()


@router.put(
    "/{name}/about",
    response={200: BoxOut, **errors_of(400, 403, 404, 413, 415, 422)},
    operation_id="describe_group",
    summary="Change what a group says of itself",
    tags=["groups"],
)
def describe_group(request: ApiRequest, name: Name, data: AboutIn) -> HttpResponse:
    """What it is for, who may join and who may write: all three, by one of its managers."""
    box = group(request, name)
    services.groups.describe(
        box=box,
        by=request.user,
        description=data.description,
        join_policy=data.join_policy,
        post_policy=data.post_policy,
    )
    return answer(_shown(request, Urls(request), box, _numbers(request)))


# --- Members and managers ------------------------------------------------------------------------


def _people(request: ApiRequest, people: Any, limit: int, cursor: str | None) -> HttpResponse:
    rows = people.order_by("username")
    if (after := read_cursor(cursor)) is not None:
        rows = rows.filter(username__gt=after)
    urls = Urls(request)

    def show(found: Sequence[Any]) -> list[dict[str, Any]]:
        return [users.shown(urls, *row) for row in found]

    found = list(rows.values_list(*users.FIELDS)[: limit + 1])
    return page(request, found, limit, key=lambda row: row[0], show=show)


def group(request: ApiRequest, name: str) -> Box:
    """A group that is not closed; raises NotFound."""
    box = selectors.boxes.visible_box(request.user, name)
    if box.group is None:
        raise errors.NotFound
    return box


def person(username: str) -> User:
    """Also one who may not sign in any more: they can be removed from groups."""
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise errors.NotFound
    return user


Called = Annotated[
    str, Query(max_length=MAX_TEXT, description="Part of a username, a first or a last name.")
]


@router.get(
    "/{name}/members",
    response={200: list[UserOut], 304: None, **errors_of(400, 404, 422)},
    operation_id="list_members",
    summary="List a group's members",
    tags=["groups"],
)
def list_members(
    request: ApiRequest,
    name: Name,
    q: Called = "",
    limit: Limit = DEFAULT,
    cursor: Cursor = None,
) -> HttpResponse:
    """Members by username: all, or those who are called so."""
    after, urls = read_cursor(cursor) or "", Urls(request)
    people, following = selectors.groups.members(
        group(request, name), text=q, after=after, limit=limit
    )
    more = {"Link": next_link(request, following)} if following else {}
    return tagged(request, [users.shown_person(urls, user) for user in people], headers=more)


@router.post(
    "/{name}/members",
    response={204: None, **errors_of(400, 403, 404, 413, 415, 422)},
    operation_id="add_members",
    summary="Add many members",
    tags=["groups"],
)
def add_members(request: ApiRequest, name: Name, data: MembersIn) -> HttpResponse:
    """Make many people members at once: all, or none where one of them is nobody."""
    urls = Urls(request)
    usernames = [urls.key(one, "users", "people") for one in data.people]
    services.memberships.add_members(box=group(request, name), usernames=usernames, by=request.user)
    return nothing()


@router.put(
    "/{name}/members/{username}",
    response={204: None, **errors_of(403, 404)},
    operation_id="join",
    summary="Join a group, or add a member",
    tags=["groups"],
)
def join(request: ApiRequest, name: Name, username: Username) -> HttpResponse:
    """Make a person a member; what is posted from now on is delivered to them."""
    services.memberships.join(box=group(request, name), user=person(username), by=request.user)
    return nothing()


@router.delete(
    "/{name}/members/{username}",
    response={204: None, **errors_of(403, 404)},
    operation_id="leave",
    summary="Leave a group, or remove a member",
    tags=["groups"],
)
def leave(request: ApiRequest, name: Name, username: Username) -> HttpResponse:
    """End a membership; what was posted until now stays delivered."""
    services.memberships.leave(box=group(request, name), user=person(username), by=request.user)
    return nothing()


@router.get(
    "/{name}/managers",
    response={200: list[UserOut], 304: None, **errors_of(400, 404, 422)},
    operation_id="list_managers",
    summary="List a group's managers",
    tags=["groups"],
)
def list_managers(
    request: ApiRequest, name: Name, limit: Limit = DEFAULT, cursor: Cursor = None
) -> HttpResponse:
    """Managers by username."""
    return _people(request, group(request, name).managers.all(), limit, cursor)


@router.put(
    "/{name}/managers/{username}",
    response={204: None, **errors_of(403, 404)},
    operation_id="add_manager",
    summary="Make somebody a manager",
    tags=["groups"],
)
def add_manager(request: ApiRequest, name: Name, username: Username) -> HttpResponse:
    """A manager of the group makes another one."""
    services.groups.add_manager(box=group(request, name), user=person(username), by=request.user)
    return nothing()


@router.delete(
    "/{name}/managers/{username}",
    response={204: None, **errors_of(403, 404)},
    operation_id="remove_manager",
    summary="End somebody's managing",
    tags=["groups"],
)
def remove_manager(request: ApiRequest, name: Name, username: Username) -> HttpResponse:
    """A manager of the group ends another's, or their own, managing."""
    services.groups.remove_manager(box=group(request, name), user=person(username), by=request.user)
    return nothing()


# --- Keeping in step, and taking out -------------------------------------------------------------


Since = Annotated[
    str, Query(max_length=40, description="A state that the box or a list of it gave.")
]


@router.get(
    "/{name}/changes",
    response={200: Changes, **errors_of(400, 404, 410, 422)},
    operation_id="list_changes",
    summary="What happened in a box since a state",
)
def list_changes(
    request: ApiRequest,
    name: Name,
    since: Since,
    limit: Limit = DEFAULT,
) -> HttpResponse:
    """Added, changed and removed delivered posts. 410: the state is too old, read all anew."""
    box = selectors.boxes.own_box_named(request.user, name)
    services.mailbox.sync(box=box)
    changes = selectors.changes.after(box, since, limit=limit)
    urls = Urls(request)

    def addresses(uids: Sequence[int]) -> list[str]:
        return [urls.delivered_post(box.pk, uid) for uid in uids]

    return answer(
        {
            "since": since,
            "state": changes.state,
            "has_more": changes.has_more,
            "added": addresses(changes.added),
            "changed": addresses(changes.changed),
            "removed": addresses(changes.removed),
        }
    )


Format = Annotated[
    Literal["mbox", "jsonl"], Query(description="For mail programs, or one JSON object a line.")
]


@router.get(
    "/{name}/export",
    response={200: None, **errors_of(404, 422)},
    operation_id="export_box",
    summary="Take a whole box out",
    openapi_extra={
        "responses": {
            200: {
                "description": "The whole box, streamed.",
                "headers": {
                    "Content-Disposition": {"$ref": "#/components/headers/Content-Disposition"}
                },
                "content": {
                    "application/mbox": {"schema": {"type": "string", "format": "binary"}},
                    "application/jsonl": {"schema": {"type": "string", "format": "binary"}},
                },
            }
        }
    },
)
def export_box(
    request: ApiRequest,
    name: Name,
    format: Format = "mbox",  # noqa: A002 - its name in the address
) -> StreamingHttpResponse:
    """All posts of one of one's own boxes, as mbox (RFC 4155) or as JSON lines.

    Two at once; 429: wait until one has ended.
    """
    box = selectors.boxes.own_box_named(request.user, name)
    services.mailbox.sync(box=box)
    host = split_domain_port(request.get_host())[0].strip("[]")
    lines = mbox.mbox(box, host) if format == "mbox" else mbox.json_lines(box)
    kind = "application/mbox" if format == "mbox" else "application/jsonl"
    file = f"{box.name.replace(':', '-')}.{format}"
    return StreamingHttpResponse(
        mbox.Counted(lines, user_id=request.user.pk),
        content_type=kind,
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{Urls.quoted(file)}"},
    )
