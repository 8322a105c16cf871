"""Usernames of people by what they are called: read at each search, since names change."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from django.db import connection
from django.utils.translation import pgettext

from mail.models import Box
from mail.search import tokenizer
from mail.search.query import Part, Query, Text

CALLED = 200  # people of one name, for each part of a search
PARTS = 4  # of a search that are looked up, since each is compared with everybody's name

_CALLED = """
SELECT username, first_name || ' ' || last_name FROM mail_user
WHERE first_name || ' ' || last_name ~ ANY (%s::text[]) ORDER BY username LIMIT %s
"""


def named(query: Query, boxes: Collection[Box]) -> Query:
    """A query that also finds the people who are called as it says: one read at most.

    `me` is the person whose boxes are looked through.
    """
    texts = [text for text in query.texts if text.is_of_people and not _is_oneself(text)][:PARTS]
    if texts:
        query = query.naming(_usernames(texts))
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


def _usernames(texts: Sequence[Text]) -> dict[Text, list[str]]:
    found: dict[Text, list[str]] = {text: [] for text in texts}
    patterns = [tokenizer.as_written(text.text) for text in texts]
    with connection.cursor() as cursor:
        cursor.execute(_CALLED, [patterns, CALLED * len(texts)])
        people = cursor.fetchall()
    for username, full_name in people:
        for text, usernames in found.items():
            if len(usernames) < CALLED and tokenizer.spans(full_name, [text.pattern]):
                usernames.append(username)
    return found
