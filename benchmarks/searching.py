"""The first page of a search in a large box among many posts, for rare and for common words."""

import statistics
import time
from collections.abc import Callable
from functools import partial

from django.db import connection

from benchmarks.database import execute, settle
from benchmarks.report import aligned
from benchmarks.world import World
from mail import selectors
from mail.models import Box, User
from mail.search.query import parse

AT_MOST = 100.0  # ms
WORDS = ("everywhere", "often", "seldom")  # in the box in all, in 1 of 100, in 1 of 10,000
FILLER = 12  # words more of each post
OWN = 10  # of so many posts one is in the box
HEAD = ("word", "hits in the box", "first page", "slowest", "plain join", "target", "reached")

_POSTS = """
CREATE TABLE searched AS
SELECT n, uuidv7(make_interval(secs => n - %s::int)) AS id FROM generate_series(1, %s::int) AS n
"""
_STORED = """
INSERT INTO mail_post (id, sender_name, created, subject, content_type, body, body_html, renderer,
                       snippet, thread, "to", cc)
SELECT id, 'sender', statement_timestamp(), 'Minutes ' || n, 'text/markdown', 'Minutes', '', 1, '',
       id, '{}', '{}'
FROM searched
"""
# Beside the words that are looked for, a dozen of some ten thousand, as mail has them.
_WORDS = """
INSERT INTO mail_postwords (post_id, words, version)
SELECT id, to_tsvector('simple',
                       'everywhere'
                       || CASE WHEN n %% 1000 = 0 OR n %% 100 = 1 THEN ' often' ELSE '' END
                       || CASE WHEN n %% 100000 = 0 THEN ' seldom' ELSE '' END
                       || (SELECT string_agg(' w' || (hashint4(n * 31 + k) & 65535), '')
                           FROM generate_series(1, %s::int) AS k)), 1
FROM searched
"""
_DELIVERED = """
INSERT INTO mail_deliveredpost (box_id, uid, post_id, delivered, modseq, subject, sender_name)
SELECT %s::bigint, n / 10, id, statement_timestamp(), 1, 'Minutes ' || n, 'sender'
FROM searched WHERE n %% 10 = 0
"""
_COUNTED = """
UPDATE mail_boxcounter SET last_uid = %s::bigint, modseq = 1 WHERE box_id = %s::bigint
"""
# What one would write where all tables are on one machine.
_JOIN = """
SELECT d.uid FROM mail_deliveredpost d JOIN mail_postwords w ON w.post_id = d.post_id
WHERE d.box_id = %s AND w.words @@ %s::tsquery ORDER BY d.post_id DESC LIMIT 50
"""
_COUNT = """
SELECT count(*) FROM mail_deliveredpost d JOIN mail_postwords w ON w.post_id = d.post_id
WHERE d.box_id = %s AND w.words @@ %s::tsquery
"""


def run(here: World, *, quick: bool) -> str:  # noqa: ARG001 - a world of its own
    posts, rounds = (100_000, 5) if quick else (1_000_000, 15)
    user = User.objects.create_user("searcher")
    box = Box.objects.get(owner=user, kind=Box.Kind.PERSONAL)
    _fill(box, posts)
    rows: list[tuple[str, ...]] = [HEAD, *(_row(user, box, word, rounds) for word in WORDS)]
    note = (
        f"A box of {posts // OWN:,} posts among {posts:,}; lines, excerpts and all. The rule "
        "against joining posts with boxes, which may live on different machines, is paid for here."
    )
    return f"### Search\n\n{note}\n\n{aligned(rows)}\n"


def _fill(box: Box, posts: int) -> None:
    execute(_POSTS, posts, posts)
    execute(_STORED)
    execute(_WORDS, FILLER)
    execute(_DELIVERED, box.pk)
    execute(_COUNTED, posts // OWN, box.pk)
    execute("VACUUM (ANALYZE) mail_post, mail_postwords, mail_deliveredpost")  # as autovacuum does
    settle()


def _row(user: User, box: Box, word: str, rounds: int) -> tuple[str, ...]:
    query = parse(word)
    ours = _times(partial(selectors.search.search, user, query), rounds)
    join = _times(partial(_asked, _JOIN, box, word), rounds)
    [[hits]] = _asked(_COUNT, box, word)
    median, slowest = statistics.median(ours), max(ours)
    return (
        *(word, f"{hits:,}", f"{median:.1f} ms", f"{slowest:.1f} ms"),
        *(f"{statistics.median(join):.1f} ms", f"≤ {AT_MOST:.0f} ms"),
        "yes" if slowest <= AT_MOST else "**no**",
    )


def _times(work: Callable[[], object], rounds: int) -> list[float]:
    """Milliseconds of each of several runs, the first among them."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append((time.perf_counter() - start) * 1000)
    return found


def _asked(statement: str, box: Box, word: str) -> list[tuple[int]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, [box.pk, word])
        found: list[tuple[int]] = cursor.fetchall()
    return found
