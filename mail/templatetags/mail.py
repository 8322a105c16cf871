"""How the pages show what is stored."""

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format

register = template.Library()


@register.filter
def brief(moment: datetime) -> str:
    """The time of day for today, else the day, with the year where it is another one."""
    local, now = timezone.localtime(moment), timezone.localtime()
    if local.date() == now.date():
        return date_format(local, "TIME_FORMAT")
    if local.year == now.year:
        return date_format(local, "MONTH_DAY_FORMAT")
    return date_format(local, "SHORT_DATE_FORMAT")


@register.filter
def initials(name: str) -> str:
    """One or two letters that stand for a person."""
    parts = [part for part in name.replace(".", " ").replace("_", " ").split() if part]
    return "".join(part[0] for part in parts[:2]).upper()


@register.filter
def hue(name: str) -> int:
    """One of twelve colours, the same for a name every time."""
    return sum(name.encode()) % 12


@register.filter
def words(text: str) -> list[str]:
    return text.split()


@register.filter
def get(counts: dict[str, int], folder: str) -> int:
    """A folder's number, by the name that addresses use."""
    return counts.get("" if folder == "inbox" else folder, 0)
