"""The API: its routers, its errors, and its own description."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from mail.api import description, problems
from mail.api.auth import BasicAuth, RateThrottle, SessionAuth, TokenAuth
from mail.api.links import Urls
from mail.api.params import ApiRequest
from mail.api.resources import (
    actions,
    attachments,
    boxes,
    completions,
    delivered_posts,
    drafts,
    join_requests,
    muted_threads,
    posts,
    sessions,
    submissions,
    subscriptions,
    tokens,
    users,
)
from mail.api.resources import settings as own_settings
from mail.api.responses import tagged
from mail.api.schemas import Root, errors_of

DESCRIPTION = """
Mail of an organisation: posts, the boxes that they are delivered to, and who receives what.

Objects carry their address in `url` and refer to each other by it; requests name them so, or by
name or id. Lists are arrays; the `Link` header says where they go on. Errors are problems
(RFC 9457) with a stable `code`. Times are ISO 8601 in UTC.

Every address knows HEAD where it knows GET, and OPTIONS; another method is answered with 405 and
`Allow`.
"""


class Api(NinjaAPI):
    """django-ninja's, with all headers and media types in its description."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The OpenAPI document."""
        document = super().get_openapi_schema(**options)
        description.complete(document)
        return document


api = Api(
    title="Opost",
    version="1",
    description=DESCRIPTION.strip(),
    urls_namespace="postapi",
    auth=[TokenAuth(), BasicAuth(), SessionAuth()],
    throttle=RateThrottle(),
    # Swagger UI draws its arrows from data: addresses; nothing else is loosened for it.
    docs_decorator=csp_override({**settings.SECURE_CSP, "img-src": [CSP.SELF, "data:"]}),
)
problems.register(api)
for prefix, router in (
    ("users", users.router),
    ("boxes", boxes.router),
    ("posts", posts.router),
    ("delivered-posts", delivered_posts.router),
    ("subscriptions", subscriptions.router),
    ("actions", actions.router),
    ("submissions", submissions.router),
    ("tokens", tokens.router),
    ("drafts", drafts.router),
    ("boxes/{name}/join-requests", join_requests.router),
    ("muted-threads", muted_threads.router),
    ("settings", own_settings.router),
    ("sessions", sessions.router),
    ("drafts/{draft_id}/attachments", attachments.of_drafts),
    ("attachments", attachments.router),
    ("completions", completions.router),
):
    api.add_router(prefix, router)


@api.get(
    "",
    response={200: Root, 304: None, **errors_of()},
    operation_id="root",
    summary="Where everything is",
    by_alias=True,
    tags=["root"],
)
def root(request: ApiRequest) -> HttpResponse:
    """Links to all collections and actions."""
    urls = Urls(request)
    collections = ("users", "boxes", "posts", "delivered-posts", "subscriptions", "submissions")
    more = ("drafts", "completions", "muted-threads", "tokens", "sessions", "settings")
    links = {name: urls.collection(name) for name in (*collections, *more)}
    acts = ("deliver", "audience", "sync", "move", "mark-read", "flag", "delete", "empty-trash")
    actions = {name: urls.collection(f"actions/{name}") for name in acts}
    more_links = {"documentation": urls.collection("docs"), "actions": actions}
    return tagged(request, links | actions | more_links)
