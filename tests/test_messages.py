"""Every text in every language: whole, current, and with the same places to fill in."""

import re

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import to_locale

from config.messages import LANGUAGES, catalogue, compiled, is_translated, path_of, written

# What a translation keeps: places to fill in, and tags.
KEPT = re.compile(r"%\(\w+\)[ds]|\{\w+\}|</?\w+[^>]*>")


@pytest.fixture(params=LANGUAGES)
def language(request) -> object:
    return request.param


@pytest.fixture
def stored(language) -> Catalog:
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language)


def test_every_language_that_can_be_chosen_has_a_catalogue():
    offered = {to_locale(code) for code, _ in settings.LANGUAGES}
    assert offered == {settings.LANGUAGE_CODE, *LANGUAGES}


def test_nothing_is_untranslated_or_a_guess(language, stored):
    texts = [message for message in catalogue(language) if message.id]
    assert [message.id for message in texts if not is_translated(message)] == []
    assert not [message.id for message in stored if message.fuzzy]


def test_the_catalogues_are_current(language, stored):
    assert written(catalogue(language)) == path_of(language).read_bytes(), "run: make messages"
    assert compiled(stored) == path_of(language).with_suffix(".mo").read_bytes()


def kept(text: object) -> list[str]:
    return sorted(KEPT.findall(str(text)))


def fits(message: Message) -> bool:
    """Whether a translation fills in what the text does; a form for one may leave out how many."""
    if isinstance(message.id, tuple):
        wanted = set(kept(message.id[1]))
        forms = [set(kept(form)) for form in message.string or ()]
        return all(wanted - {"%(n)s", "%(shown)s"} <= form <= wanted for form in forms)
    return kept(message.id) == kept(message.string)


def test_translations_fill_in_what_the_texts_do(stored):
    assert [message.id for message in stored if message.id and not fits(message)] == []
