"""`tokens`: keys for programs."""

from typing import Any

from django.http import HttpResponse
from ninja import Router

from mail import services
from mail.api.links import Urls
from mail.api.params import ApiRequest, TokenId
from mail.api.responses import created, nothing, tagged
from mail.api.schemas import TokenCreated, TokenIn, TokenOut, errors_of
from mail.models import ApiToken

router = Router(tags=["tokens"])


def _shown(urls: Urls, token: ApiToken) -> dict[str, Any]:
    return {
        "url": urls.token(token.pk),
        "name": token.name,
        "read_only": token.read_only,
        "created": token.created,
        "expires": token.expires,
        "last_used": token.last_used,
    }


@router.get(
    "",
    response={200: list[TokenOut], 304: None, **errors_of()},
    operation_id="list_tokens",
    summary="List one's tokens",
)
def list_tokens(request: ApiRequest) -> HttpResponse:
    """One's own tokens, without their secrets: there are at most fifty."""
    urls = Urls(request)
    tokens = ApiToken.objects.filter(user=request.user).order_by("pk")
    return tagged(request, [_shown(urls, token) for token in tokens])


@router.post(
    "",
    response={201: TokenCreated, **errors_of(400, 403, 413, 415, 422)},
    operation_id="create_token",
    summary="Make a token",
)
def create_token(request: ApiRequest, data: TokenIn) -> HttpResponse:
    """Make a token. Its secret is in this answer only, and stored nowhere.

    A token that ends makes none that ends later, and one that only reads makes none.
    """
    token, secret = services.account.create_token(
        user=request.user,
        name=data.name,
        read_only=data.read_only,
        expires=data.expires,
        until=getattr(request, "token_expires", None),
    )
    return created(_shown(Urls(request), token) | {"secret": secret})


@router.delete(
    "/{token_id}",
    response={204: None, **errors_of(403, 404)},
    operation_id="revoke_token",
    summary="Revoke a token",
)
def revoke_token(request: ApiRequest, token_id: TokenId) -> HttpResponse:
    """From now on the token opens nothing."""
    services.account.revoke_token(user=request.user, token_id=token_id)
    return nothing()
