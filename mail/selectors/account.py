"""What may be chosen, where a person is signed in, and which programs act for them."""

from functools import cache
from zoneinfo import available_timezones

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from mail.models import ApiToken, Session, User


def sessions(user: User) -> QuerySet[Session]:
    """The browsers in which a person is signed in, the last first."""
    living = Session.objects.filter(user=user, expire_date__gt=timezone.now())
    return living.order_by("-started").defer("session_data")


def tokens(user: User) -> QuerySet[ApiToken]:
    """A person's API tokens, the last first: there are at most fifty."""
    return ApiToken.objects.filter(user=user).order_by("-pk")


@cache
def time_zones() -> list[str]:
    """The time zones that may be chosen: those of places, as the IANA database names them."""
    places = (name for name in available_timezones() if "/" in name and name[0].isupper())
    return ["UTC", *sorted(places)]


def languages() -> list[str]:
    """The languages that may be chosen."""
    return [code for code, _ in settings.LANGUAGES]
