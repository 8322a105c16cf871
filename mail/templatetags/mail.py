"""How the pages show what is stored."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from html import escape, unescape

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from ua_parser import parse

from mail import names
from mail.models import Box
from mail.search import tokenizer
from mail.selectors.boxes import Folder

register = template.Library()


@register.filter
def brief(moment: datetime) -> str:
    """How long ago within the hour, else the time of day, the weekday or the day."""
    local, now = timezone.localtime(moment), timezone.localtime()
    minutes = int((now - local).total_seconds() // 60)
    if 0 <= minutes < 1:
        return _("now")
    if 0 < minutes < 60:  # noqa: PLR2004 - an hour
        return ngettext("%(n)s min", "%(n)s min", minutes) % {"n": minutes}
    if local.date() == now.date():
        return date_format(local, "TIME_FORMAT")
    if timedelta() < now - local < timedelta(days=6):
        return date_format(local, "D")
    if local.year == now.year:
        return date_format(local, "MONTH_DAY_FORMAT")
    return date_format(local, "SHORT_DATE_FORMAT")


@register.filter
def initials(name: str) -> str:
    """One or two letters that stand for a person."""
    parts = [part for part in re.split(r"[ ._-]+", name) if part]
    return "".join(part[0] for part in parts[:2]).upper()


@register.filter
def hue(name: str) -> int:
    """One of twelve colours, the same for a name every time."""
    return sum(name.encode()) % 12


@register.filter
def key(name: str) -> str:
    """A folder's name in addresses, from its short name; the personal box is the inbox."""
    if not name:
        return names.INBOX
    return name if name in names.FOLDERS else names.OWN + name


@register.filter
def title(folder: str) -> str:
    """What a folder is called, from its name in addresses."""
    fixed = {"inbox": _("Inbox"), "sent": _("Sent"), "archive": _("Archive"), "trash": _("Trash")}
    return fixed.get(folder, folder.removeprefix(names.OWN))


@register.filter
def icon(folder: str) -> str:
    """The drawing of a folder in the sprite."""
    fixed = {"inbox": "inbox", "sent": "send", "archive": "archive", "trash": "trash-2"}
    return fixed.get(folder, "folder")


@register.filter
def numbers(folders: Iterable[Folder], folder: str) -> Folder | None:
    """What is in a folder, by its name in addresses."""
    return next((each for each in folders if key(each.name) == folder), None)


@register.filter
def is_many(kind: str) -> bool:
    """Whether a box stands for many people."""
    return kind in {Box.Kind.GROUP, Box.Kind.EVERYONE}


@register.filter
def device(user_agent: str) -> str:
    """A browser and its system, from what it says of itself."""
    found = parse(user_agent)
    browser, system = found.user_agent, found.os
    if browser is None or system is None:
        return _("unknown browser")
    return _("%(browser)s on %(system)s") % {"browser": browser.family, "system": system.family}


_QUOTE = re.compile(r"<(/?)blockquote>")


@register.filter
def folded(html: str) -> SafeString:
    """Sanitised HTML with its outermost quotes folded away, as an answer shows them."""
    made, depth, last = [], 0, 0
    for tag in _QUOTE.finditer(html):
        depth += -1 if tag[1] else 1
        if not tag[1] and depth == 1:
            made += [html[last : tag.start()], _FOLD % _("Quoted text"), tag[0]]
            last = tag.end()
        elif tag[1] and depth == 0:
            made += [html[last : tag.end()], "</details>"]
            last = tag.end()
    # The cleaner closes what it leaves open, so the tags are in pairs.
    return mark_safe("".join([*made, html[last:]]))  # noqa: S308 - it was sanitised when stored


_FOLD = '<details class="quoted"><summary>%s</summary>'


def marked(text: str, patterns: Sequence[tokenizer.Pattern]) -> SafeString:
    """Text, escaped, with what was looked for marked."""
    made, last = [], 0
    for start, end in tokenizer.spans(text, patterns):
        made += [escape(text[last:start]), "<mark>", escape(text[start:end]), "</mark>"]
        last = end
    return mark_safe("".join([*made, escape(text[last:])]))  # noqa: S308 - all text is escaped


# Values of attributes hold no quotes but may hold ">".
_TAG = re.compile(r"""(<(?:[^>"]|"[^"]*")*+>)""")


def marked_body(body_html: str, patterns: Sequence[tokenizer.Pattern]) -> SafeString:
    """Sanitised HTML with what was looked for marked in its text; no tag is touched."""
    pieces = _TAG.split(body_html)  # texts, and between them tags
    pieces[::2] = [text and marked(unescape(text), patterns) for text in pieces[::2]]
    return mark_safe("".join(pieces))  # noqa: S308 - it was sanitised when stored
