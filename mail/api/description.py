"""What the OpenAPI document says beyond what django-ninja draws from the endpoints: headers."""

from http import HTTPStatus
from typing import Any

from mail.api.problems import TYPE

HEADERS: dict[str, tuple[str, str]] = {
    "Accept-Ranges": ("That ranges of it can be asked for.", "bytes"),
    "Allow": ("The methods that the address knows.", "GET, HEAD, OPTIONS"),
    "Box-State": ("The state of the box of `boxname`, to be given to `changes`.", "42.17"),
    "Cache-Control": (
        "Posts never change; all else is to be asked for again.",
        "private, no-cache",
    ),
    "Content-Disposition": ("A name for the file.", "attachment; filename*=UTF-8''alice.mbox"),
    "Content-Range": ("Which part this is, and of how many bytes.", "bytes 0-99/1234"),
    "Cross-Origin-Resource-Policy": ("That other sites cannot show it.", "same-origin"),
    "ETag": ("Give it back in If-None-Match to get 304 where nothing changed.", '"0c3f…"'),
    "Link": (
        "Where the list goes on (RFC 8288); left out at its end, and by a 304 where it is unknown.",
        '<https://mail.example.org/postapi/users?cursor=YWxpY2U>; rel="next"',
    ),
    "Location": ("The address of what was made.", "https://mail.example.org/postapi/boxes/crew"),
    "RateLimit": (
        "What a person has left; not before it is known who asks.",
        '"person";r=599;t=60',
    ),
    "RateLimit-Policy": ("How many requests a person has in one window.", '"person";q=600;w=60'),
    "Retry-After": ("Seconds to wait.", "17"),
    "WWW-Authenticate": ("How to sign in.", 'Basic realm="Opost", charset="UTF-8", Bearer'),
}
_ALWAYS = ("Cache-Control", "RateLimit-Policy")
_OF_STATUS = {
    HTTPStatus.CREATED: ("Location",),
    HTTPStatus.UNAUTHORIZED: ("WWW-Authenticate",),
    HTTPStatus.TOO_MANY_REQUESTS: ("Retry-After",),
}
# Left out where an answer of the status is given before it is known who asks.
_ANONYMOUS = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.LENGTH_REQUIRED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}


def complete(document: dict[str, Any]) -> None:
    """Add the headers of all answers, and give problems their own media type."""
    document["components"]["headers"] = {
        name: {"description": said, "schema": {"type": "string"}, "example": example}
        for name, (said, example) in HEADERS.items()
    }
    document["components"]["responses"] = {
        "MethodNotAllowed": {
            "description": "The address does not know the method; Allow says which it does.",
            "headers": _named("Allow", *_ALWAYS),
            "content": {TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    }
    for item in document["paths"].values():
        for operation in item.values():
            for status, response in operation["responses"].items():
                _complete(operation, HTTPStatus(int(status)), response)


def _complete(operation: dict[str, Any], status: HTTPStatus, response: dict[str, Any]) -> None:
    content = response.get("content", {})
    if status >= HTTPStatus.BAD_REQUEST and "application/json" in content:
        content[TYPE] = content.pop("application/json")
    headers = [*_ALWAYS, *_OF_STATUS.get(status, ())]
    if status not in _ANONYMOUS:
        headers.append("RateLimit")
    known = status in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED)
    if known and HTTPStatus.NOT_MODIFIED in operation["responses"]:
        headers.append("ETag")
        if any(one["name"] == "cursor" for one in operation["parameters"]):
            headers.append("Link")
    response.setdefault("headers", {}).update(_named(*headers))


def _named(*headers: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(headers)}
