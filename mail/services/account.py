"""What people choose for themselves, where they are signed in, and their tokens."""

import hashlib
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from mail import db, errors, selectors
from mail.content import validation
from mail.models import ApiToken, Session, User


def save_settings(*, user: User, **chosen: str | int) -> None:
    """Store what a person chose; raises what says why one of it is refused, and stores nothing.

    Any of `language`, `time_zone`, `density`, `theme`, `page_size` and `signature`.
    """
    cleaned = {field: _cleaned(field, value) for field, value in chosen.items()}
    for field, value in cleaned.items():
        setattr(user, field, value)
    if chosen:
        user.save(update_fields=list(chosen))


def _cleaned(field: str, value: str | int) -> str | int:
    if field == "signature":
        return _signature(str(value))
    if field == "time_zone":
        return _time_zone(str(value))
    allowed = _allowed(field)
    if value not in allowed:
        listed = ", ".join(str(each) for each in allowed if each != "")
        raise errors.SettingInvalid(field=field, value=value, allowed=listed)
    return value


def _signature(given: str) -> str:
    cleaned = validation.text(given, field="signature").replace("\r\n", "\n").replace("\r", "\n")
    if len(cleaned) > User.MAX_SIGNATURE:
        raise errors.SignatureInvalid(limit=User.MAX_SIGNATURE)
    return cleaned


def _time_zone(given: str) -> str:
    """As the IANA database writes it, where no two names differ in case alone."""
    by_folded = {zone.lower(): zone for zone in ["", *selectors.account.time_zones()]}
    if given.lower() not in by_folded:
        raise errors.TimeZoneInvalid(value=given[:60])
    return by_folded[given.lower()]


def _allowed(field: str) -> Collection[str | int]:
    allowed: dict[str, Collection[str | int]] = {
        "language": ["", *selectors.account.languages()],
        "density": User.Density.values,
        "theme": User.Theme.values,
        "page_size": User.PageSize.values,
    }
    return allowed[field]


def end_session(*, user: User, handle: str) -> None:
    """Sign a person out in one browser; raises NotFound."""
    for session in selectors.account.sessions(user):
        if session.handle == handle:
            session.delete()
            return
    raise errors.NotFound


def sign_out_elsewhere(*, user: User, session_key: str) -> int:
    """Sign a person out in all browsers but one; how many those were."""
    ended, _ = Session.objects.filter(user=user).exclude(session_key=session_key).delete()
    return ended


PREFIX = "opost_"  # so that a secret that leaked is known for what it is


MAX_TOKENS = 50


LONGEST_TOKEN = timedelta(days=36_525)


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
    if not now < expires < now + LONGEST_TOKEN:
        raise errors.TokenExpired
    return expires


def revoke_token(*, user: User, token_id: int) -> None:
    """Delete a token of a person; raises NotFound."""
    deleted, _ = user.api_tokens.filter(pk=token_id).delete()
    if not deleted:
        raise errors.NotFound


# Asked at every request, so it is written out: putting it together took longer than running it.
_LIVING = """
SELECT {columns}, t.id, t.read_only, t.expires, t.last_used
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
    with connection.cursor() as cursor:
        cursor.execute(_LIVING.format(columns=db.columns(User, "u")), [_digest(secret)])
        found = cursor.fetchone()
    if found is None:
        return None
    user, (token_id, read_only, expires, last_used) = db.made(User, found)
    now = timezone.now()
    if last_used is None or last_used < now - USE_NOTED:
        ApiToken.objects.filter(pk=token_id).update(last_used=now)
    return Used(user, read_only, expires)


def _digest(secret: str) -> str:
    """A plain hash is enough: nobody guesses 256 random bits."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
