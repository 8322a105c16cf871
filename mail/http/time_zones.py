"""In whose zone days and times are meant, in the browser and in the API alike."""

from functools import cache
from zoneinfo import available_timezones

from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from mail.models import User


def in_zone_of(user: User | AnonymousUser, browser_says: str = "") -> None:
    """Go on in a person's time zone: the one they chose, else what the browser says, else UTC.

    Each request does so, since threads are used again.
    """
    zone = getattr(user, "time_zone", "") or browser_says
    if zone in _zones():
        timezone.activate(zone)
    else:
        timezone.deactivate()


@cache
def _zones() -> frozenset[str]:
    """Also by their old names, like Asia/Calcutta, which tzdata has where the system has not."""
    return frozenset(available_timezones())
