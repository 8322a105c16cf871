"""Who asks: a bearer token, HTTP Basic, or the browser's session with CSRF; and how often."""

import hashlib
import hmac
import time
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import translation
from ninja.errors import HttpError, Throttled
from ninja.security import HttpBasicAuth, HttpBearer
from ninja.security.session import SessionAuth as NinjaSessionAuth
from ninja.throttling import BaseThrottle
from ninja.utils import check_csrf

from mail import errors, services
from mail.http.time_zones import in_zone_of
from mail.models import User

WINDOW = 60  # seconds
REMEMBERED = 300  # seconds that a verified password is not hashed again


class TokenAuth(HttpBearer):
    """A token of `tokens`, as `Authorization: Bearer opost_…`."""

    def __call__(self, request: HttpRequest) -> Any | None:
        # With DEBUG on django-ninja would write any other header, passwords and all, to the log.
        kind = request.headers.get("Authorization", "").partition(" ")[0]
        return super().__call__(request) if kind.lower() == self.openapi_scheme else None

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        found = services.account.use_token(secret=token)
        if found is None:
            return None
        if found.read_only and request.method != "GET":
            raise errors.TokenReadOnly
        _admit(request, found.user)
        request.token_expires = found.expires  # type: ignore[attr-defined]
        return found.user


class BasicAuth(HttpBasicAuth):
    """Name and password. Attempts that fail are counted by address and by name."""

    def authenticate(self, request: HttpRequest, username: str, password: str) -> User | None:
        keys = [f"login:{address_of(request)}", f"login:{username.casefold()[:150]}"]
        for key in keys:
            wait = _excess(key, settings.API_LOGIN_RATE, count=False)
            if wait:
                raise Throttled(wait)
        user = None if "\0" in username + password else _verified(request, username, password)
        if user is None:
            for key in keys:
                _excess(key, settings.API_LOGIN_RATE)
            return None
        _admit(request, user)
        return user


def _admit(request: HttpRequest, user: User) -> None:
    """Go on as this person, in the language and the zone that they chose, as in the browser."""
    request.user = user
    in_zone_of(user)
    if user.language:
        translation.activate(user.language)


def _verified(request: HttpRequest, username: str, password: str) -> User | None:
    """Check a password; one that was right a moment ago costs no second slow hash."""
    user = User.objects.filter(username=username, is_active=True).first()
    if user is not None:
        # A changed password changes the key, so the old one is no longer remembered.
        secret = f"{user.password}\0{password}".encode(errors="replace")
        key = "basic:" + hmac.new(settings.SECRET_KEY.encode(), secret, hashlib.sha256).hexdigest()
        if cache.get(key) == user.pk:
            return user
    checked = authenticate(request, username=username, password=password)
    if user is None or checked is None or checked.pk != user.pk:
        return None
    cache.set(key, user.pk, REMEMBERED)
    return user


class SessionAuth(NinjaSessionAuth):
    """The browser's session; what changes anything needs the CSRF token, too."""

    def __call__(self, request: HttpRequest) -> Any | None:
        if "Authorization" in request.headers or not request.user.is_authenticated:
            return None
        if check_csrf(request) is not None:
            raise HttpError(HTTPStatus.FORBIDDEN, "The CSRF token is missing or wrong.")
        return request.user


def address_of(request: HttpRequest) -> str:
    """The client's address; behind a trusted proxy the one that it names."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    if settings.BEHIND_PROXY and forwarded:
        return forwarded.rpartition(",")[2].strip()[:45]
    return str(request.META.get("REMOTE_ADDR", ""))


def _excess(key: str, rate: int, *, count: bool = True) -> int:
    """Seconds to wait if a key has used up its window; each process counts for itself."""
    return _used(key, rate, count=count)[1]


def _used(key: str, rate: int, *, count: bool = True) -> tuple[int, int]:
    """How often a key was counted in this window, and how long to wait if that is too often."""
    now = int(time.time())
    name = f"rate:{hashlib.sha256(key.encode(errors='replace')).hexdigest()}:{now // WINDOW}"
    used = _counted(name) if count else int(cache.get(name, 0))
    over = used > rate if count else used >= rate
    return used, WINDOW - now % WINDOW if over else 0


def _counted(name: str) -> int:
    try:
        return int(cache.incr(name))
    except ValueError:  # the first in its window
        cache.add(name, 0, WINDOW)
        return int(cache.incr(name))


class RateThrottle(BaseThrottle):
    """So many requests a minute for each person; said in the RateLimit headers."""

    def allow_request(self, request: HttpRequest) -> bool:
        used, wait = _used(f"user:{request.user.pk}", settings.API_RATE)
        left = max(settings.API_RATE - used, 0)
        request.rate_limit = f'"person";r={left};t={WINDOW - int(time.time()) % WINDOW}'  # type: ignore[attr-defined]
        request.rate_wait = wait  # type: ignore[attr-defined]
        return not wait

    def wait(self) -> float:
        """Until the window ends."""
        return WINDOW - time.time() % WINDOW


def address_excess(request: HttpRequest) -> int:
    """Seconds that an address has to wait, for requests of whomever."""
    return _excess(f"address:{address_of(request)}", settings.API_ADDRESS_RATE)
