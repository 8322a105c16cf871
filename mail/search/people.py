"""Usernames of people by what they are called: read at each search, since names change."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from django.db import connection
from django.utils.translation import pgettext

from mail import names
from mail.models import Box
from mail.search import tokenizer
from mail.search.query import Part, Query, Text

CALLED = 200  # people of one name, for each part of a search
PARTS = 4  # of a search that are looked up, since each is compared with everybody's name

# Whoever has a name of which one word, or some side by side, are asked for.
_CALLED = """
SELECT username, first_name, last_name FROM mail_user
WHERE first_name || ' ' || last_name || ' ' || first_name ~ ANY (%s::text[])
   OR last_name || first_name ~ ANY (%s::text[])
ORDER BY username LIMIT %s
"""
# By the index, since most words are nobody's name: whose first or family name begins so.
_BEGINS = """
(SELECT username, first_name, last_name FROM mail_user
 WHERE mail_plain({0}) ~>=~ nullif(mail_plain(%s), '') AND mail_plain({0}) ~<~ mail_plain(%s)
 ORDER BY mail_plain({0}) USING ~<~ LIMIT %s)
"""
_LAST = "\U0010ffff"  # sorts behind every letter


def named(query: Query, boxes: Collection[Box]) -> Query:
    """A query that also finds the people who are called as it says: two reads at most.

    `me` is the person whose boxes are looked through.
    """
    texts = [text for text in query.texts if text.is_of_people and not _is_oneself(text)][:PARTS]
    found = _usernames(texts, _called(texts)) if texts else {}
    plain = [text for text in query.texts if text.may_name][:PARTS]
    found |= _usernames(plain, _beginning(plain)) if plain else {}
    if found:
        query = query.naming(found)
    for box in list(boxes)[:1]:
        own = box.name.partition(":")[0]
        query = replace(query, parts=tuple(_of_oneself(part, own) for part in query.parts))
    return query


def _is_oneself(text: Text) -> bool:
    if not text.is_of_people or text.quoted:
        return False
    return tokenizer.fold(text.text) in {
        "me",
        tokenizer.fold(pgettext("whom a search is about", "me")),
    }


def _of_oneself(part: Part, username: str) -> Part:
    if isinstance(part, Text) and _is_oneself(part) and tokenizer.words(username):
        return replace(part, text=username)
    return part  # as is `me`, where a name has no word to be found by


type _Person = tuple[str, str, str]


def _called(texts: Sequence[Text]) -> list[_Person]:
    patterns = [tokenizer.as_written(text.text) for text in texts]
    with connection.cursor() as cursor:
        cursor.execute(_CALLED, [patterns, patterns, CALLED * len(texts)])
        return list(cursor.fetchall())


def _beginning(texts: Sequence[Text]) -> list[_Person]:
    ways = [_BEGINS.format(way) for way in ("first_name || last_name", "last_name || first_name")]
    asked: list[str | int] = []
    for text in texts:
        asked += [text.text, text.text + _LAST, CALLED] * len(ways)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ".join(ways * len(texts)), asked)
        return list(cursor.fetchall())


def _usernames(texts: Sequence[Text], people: Sequence[_Person]) -> dict[Text, list[str]]:
    """Which of the people are called as each text says, either name first."""
    found: dict[Text, list[str]] = {text: [] for text in texts}
    asked = {text: tokenizer.Pattern.of(text.text, beginning=False) for text in texts}
    for username, first, last in people:
        ways = {f"{first} {last}", f"{last} {first}", names.full_name(first, last)}
        for text, usernames in found.items():
            if len(usernames) < CALLED and any(tokenizer.spans(way, [asked[text]]) for way in ways):
                usernames.append(username)
    return found
