"""Keys for the API."""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone

from mail import errors
from mail.models import ApiToken, User

PREFIX = "opost_"  # so that a secret that leaked is known for what it is
MAX_TOKENS = 50
LONGEST = timedelta(days=36_525)
MAX_TOKEN_NAME = 100  # characters
USE_NOTED = timedelta(minutes=1)  # not at every request


def create_token(
    *,
    user: User,
    name: str,
    read_only: bool = False,
    expires: datetime | None = None,
    until: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Make a token, and the secret that is shown this once.

    `until` is the end of the token that asks for it. Raises TokenNameInvalid, TokenExpired,
    TokenOutlives or TooManyTokens.
    """
    if not (0 < len(name) <= MAX_TOKEN_NAME and name.isprintable()):
        raise errors.TokenNameInvalid(limit=MAX_TOKEN_NAME)
    if expires is not None:
        expires = _in_utc(expires)
    if until is not None and (expires is None or expires > until):
        raise errors.TokenOutlives(until=until.astimezone(UTC).isoformat())
    if user.api_tokens.count() >= MAX_TOKENS:
        raise errors.TooManyTokens(limit=MAX_TOKENS)
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        user=user, name=name, digest=_digest(secret), read_only=read_only, expires=expires
    )
    return token, secret


def _in_utc(expires: datetime) -> datetime:
    now = timezone.now()
    try:
        expires = expires.astimezone(UTC)
    except OverflowError:
        raise errors.TokenExpired from None
    if not now < expires < now + LONGEST:
        raise errors.TokenExpired
    return expires


def revoke_token(*, user: User, token_id: int) -> None:
    """Delete a token of a person; raises NotFound."""
    deleted, _ = user.api_tokens.filter(pk=token_id).delete()
    if not deleted:
        raise errors.NotFound


# Asked at every request, so it is written out: putting it together took longer than running it.
_LIVING = """
SELECT u.*, t.id AS token_id, t.read_only AS token_read_only, t.last_used AS token_last_used,
       t.expires AS token_expires
FROM mail_apitoken t JOIN mail_user u ON u.id = t.user_id
WHERE t.digest = %s AND u.is_active AND (t.expires IS NULL OR t.expires > statement_timestamp())
"""


class Used(NamedTuple):
    """Whose token it is, and what it allows."""

    user: User
    read_only: bool
    expires: datetime | None


def use_token(*, secret: str) -> Used | None:
    """The active person whose living token has this secret, its use noted; None otherwise."""
    found: Any = next(iter(User.objects.raw(_LIVING, [_digest(secret)])), None)
    if found is None:
        return None
    now, last = timezone.now(), found.token_last_used
    if last is None or last < now - USE_NOTED:
        ApiToken.objects.filter(pk=found.token_id).update(last_used=now)
    return Used(found, found.token_read_only, found.token_expires)


def _digest(secret: str) -> str:
    """A plain hash is enough: nobody guesses 256 random bits."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
