"""Every page in a language that marks its texts: what is not marked went past the translators."""

import re
from functools import cache
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path

import django
import pytest
from babel.messages.pofile import read_po
from django.utils import translation

from config.messages import compiled, count_forms, texts
from mail import selectors, services
from mail.models import User

from .test_every_view import CASES, mailbox

__all__ = ["mailbox"]

MARKED = "eo"  # a language that Django knows, and that Opost is not translated into
ATTRIBUTES = {"title", "aria-label", "placeholder", "alt", "hx-confirm", "data-confirm"}
UNSEEN = {"script", "style", "time", "textarea"}
# The product's name, that of a language of markup, the cast, what they wrote, keys, and the place
# for a name in what a script fills in.
DATA = "Opost Markdown API UTC MB alice bob charlie crew open closed own sent"
DATA += " Ctrl Shift Enter Esc name"
# What people type into a search is the same in every language.
DATA += (
    " from to subject in is has before after unread read flagged attachment inbox trash invoice me"
)


class Seen(HTMLParser):
    """Collects what a reader sees, or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.within: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in UNSEEN:
            self.text += [value or "" for name, value in attrs if name in ATTRIBUTES]
        names = [value for name, value in attrs if name == "name"]
        is_data = ("translate", "no") in attrs or names in (["language"], ["time_zone"])
        if tag in UNSEEN or is_data:
            self.within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.within and self.within[-1] == tag:
            self.within.pop()

    def handle_data(self, data: str) -> None:
        if not self.within:
            self.text.append(data)


def unmarked(page: str) -> set[str]:
    """Words of a page that no catalogue has."""
    seen = Seen()
    seen.feed(page)
    text, count = " ".join(seen.text), 1
    while count:
        text, count = re.subn("⟦[^⟦⟧]*⟧", " ", text)
    return words(text) - set(DATA.split()) - by_django()


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]{2,}", text))


@cache
def by_django() -> set[str]:
    """The words of the texts that Django itself translates."""
    found = set()
    for path in Path(django.__file__).parent.glob(f"**/locale/{MARKED}/LC_MESSAGES/django.po"):
        with path.open("rb") as file:
            for message in read_po(file, locale=MARKED):
                if message.id:
                    text = str(message.string)
                    found |= words(f"{text} {text.title()}")
    return found


@pytest.fixture
def marked(settings, tmp_path: Path) -> str:
    """A catalogue of all texts, each between brackets."""
    catalog = texts()
    count_forms(catalog, 2, "(n != 1)")
    for message in catalog:
        if isinstance(message.id, tuple):
            message.string = tuple(f"⟦{form}⟧" for form in message.id)
        elif message.id:
            message.string = f"⟦{message.id}⟧"
    file = tmp_path / MARKED / "LC_MESSAGES" / "django.mo"
    file.parent.mkdir(parents=True)
    file.write_bytes(compiled(catalog))
    settings.LOCALE_PATHS = [tmp_path]
    settings.LANGUAGES = [*settings.LANGUAGES, (MARKED, "Esperanto")]
    return MARKED


def test_no_text_goes_past_gettext(signed_in, mailbox: User, marked):
    services.sending.send(sender=mailbox, to=["bob", "crew"], subject="sent", body="own")
    client = signed_in(mailbox)
    state = client.get("/").context["state"]
    inbox, found = selectors.boxes.own_box(mailbox).pk, {}
    for case in CASES:
        User.objects.filter(pk=mailbox.pk).update(language=marked)  # one of them changes it
        with translation.override(marked):
            answer = case.run(client, state, inbox)
        if answer.status_code != HTTPStatus.FOUND and "html" in answer.headers["Content-Type"]:
            found[str(case)] = unmarked(answer.text)
    assert len(found) > 30
    assert {case: words for case, words in found.items() if words} == {}


@pytest.mark.parametrize(
    "path", ["/nowhere/", "/inbox/999/", "/search/?q=is:x", "/search/?q=zzz", "/sign-in/"]
)
def test_so_it_is_where_something_is_wrong(signed_in, mailbox: User, marked, path):
    User.objects.filter(pk=mailbox.pk).update(language=marked)
    client = signed_in(mailbox) if path != "/sign-in/" else signed_in(mailbox).__class__()
    page = client.get(path, headers={"Accept-Language": marked})
    assert "⟦" in page.text
    assert unmarked(page.text) - {"zzz"} == set()
