"""Usernames of people by what they are called: read at each search, since names change."""

from collections.abc import Sequence

from django.db import connection

from mail import words
from mail.searching import Query, Text

CALLED = 200  # people of one name, for each part of a search
PARTS = 4  # of a search that are looked up, since each is compared with everybody's name

_CALLED = """
SELECT username, first_name || ' ' || last_name FROM mail_user
WHERE first_name || ' ' || last_name ~ ANY (%s::text[]) ORDER BY username LIMIT %s
"""


def named(query: Query) -> Query:
    """A query that also finds the people who are called as it says: one read at most."""
    texts = [text for text in query.texts if text.is_of_people][:PARTS]
    return query.naming(_usernames(texts)) if texts else query


def _usernames(texts: Sequence[Text]) -> dict[Text, list[str]]:
    found: dict[Text, list[str]] = {text: [] for text in texts}
    patterns = [words.as_written(text.text) for text in texts]
    with connection.cursor() as cursor:
        cursor.execute(_CALLED, [patterns, CALLED * len(texts)])
        people = cursor.fetchall()
    for username, full_name in people:
        for text, usernames in found.items():
            if len(usernames) < CALLED and words.spans(full_name, [text.pattern]):
                usernames.append(username)
    return found
