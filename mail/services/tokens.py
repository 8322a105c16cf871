"""Keys for the API."""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from mail import errors
from mail.models import ApiToken, User

PREFIX = "opost_"  # so that a secret that leaked is known for what it is
MAX_TOKENS = 50
MAX_NAME = 100  # characters
USE_NOTED = timedelta(minutes=1)  # not at every request


def create_token(
    *, user: User, name: str, read_only: bool = False, expires: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token, and the secret that is shown this once.

    Raises TokenNameInvalid, TokenExpired or TooManyTokens.
    """
    if not (0 < len(name) <= MAX_NAME and name.isprintable()):
        raise errors.TokenNameInvalid(limit=MAX_NAME)
    if expires is not None and expires <= timezone.now():
        raise errors.TokenExpired
    if user.api_tokens.count() >= MAX_TOKENS:
        raise errors.TooManyTokens(limit=MAX_TOKENS)
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user, name=name, digest=_digest(secret), read_only=read_only, expires=expires
    )
    return token, secret


def revoke_token(*, user: User, token_id: int) -> None:
    """Delete a token of a person; raises NotFound."""
    deleted, _ = user.api_tokens.filter(pk=token_id).delete()
    if not deleted:
        raise errors.NotFound


def use_token(*, secret: str) -> ApiToken | None:
    """The living token of an active person for a secret, its use noted; None otherwise."""
    now = timezone.now()
    living = ApiToken.objects.filter(Q(expires=None) | Q(expires__gt=now), user__is_active=True)
    token = living.filter(digest=_digest(secret)).select_related("user").first()
    if token and (token.last_used is None or token.last_used < now - USE_NOTED):
        ApiToken.objects.filter(pk=token.pk).update(last_used=now)
    return token


def _digest(secret: str) -> str:
    """A plain hash is enough: nobody guesses 256 random bits."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
