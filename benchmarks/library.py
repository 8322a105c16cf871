"""Very many posts with words as uneven as those of a language, and a reader who has a tenth."""

from django.db import connection

from benchmarks import world
from benchmarks.database import execute, settle
from mail import selectors
from mail.models import Box, User

SHARE = 10  # every so many posts are in the reader's box
LENGTH = 60  # words in a body
VOCABULARY = 50_000

# Each next word is as much rarer as in a language: the tenth is in 4 posts of 10, the hundredth in
# 5 of 100, and so on. Ids are made of the time, one for each millisecond, as the application's are.
_POSTS = """
INSERT INTO mail_post (id, sender_name, created, subject, content_type, body, body_html, renderer,
                       snippet, thread, "to", cc)
SELECT id, 'librarian', at, 'Post ' || n, 'text/plain', body, '<pre>' || body || '</pre>', 1,
       left(body, 100), id, '{reader}', '{}'
FROM (SELECT n, (lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5('a' || n), 1, 3)
                 || '8' || substr(md5('b' || n), 1, 15))::uuid AS id,
             to_timestamp(1700000000.0 + n / 1000.0) AS at,
             (SELECT string_agg(substr(md5(floor(power(%s::float, random()))::text), 1, 8), ' ')
              FROM generate_series(1, %s::int) AS w (i) WHERE n + i > 0)
             || CASE WHEN n %% 400000 = 50000 THEN ' needle' ELSE '' END AS body
      FROM generate_series(1, %s::int) AS s (n)) AS made
"""
_WORDS = """
INSERT INTO mail_postwords (post_id, words, version)
SELECT id, setweight(to_tsvector('simple', subject), 'A')
           || setweight(to_tsvector('simple', sender_name), 'B')
           || to_tsvector('simple', body), 1
FROM mail_post WHERE sender_name = 'librarian'
"""
_DELIVERED = """
INSERT INTO mail_deliveredpost (box_id, uid, post_id, delivered, modseq, subject, sender_name)
SELECT %s, row_number() OVER (ORDER BY id), id, created, 1, subject, sender_name
FROM mail_post WHERE sender_name = 'librarian' AND substr(subject, 6)::int %% %s = 0
"""


def word(rank: int) -> str:
    """The word that is so many-th in how common it is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT substr(md5(%s::text), 1, 8)", [rank])
        return str(cursor.fetchone()[0])


def build(posts: int) -> tuple[User, Box]:
    """Make the posts and their reader; the index is made at the end, which is quicker."""
    reader = User.objects.create_user("reader")
    box = selectors.boxes.own_box(reader)
    execute("SET synchronous_commit = off")
    execute("SELECT setseed(0.5)")
    execute(_POSTS, VOCABULARY, LENGTH, posts)
    execute("DROP INDEX post_by_words")
    execute(_WORDS)
    execute("SET maintenance_work_mem = '512MB'")
    execute(
        "CREATE INDEX post_by_words ON mail_postwords USING gin (words)"
        " WITH (gin_pending_list_limit = 256)"
    )
    execute(_DELIVERED, box.pk, SHARE)
    execute(
        "UPDATE mail_boxcounter SET last_uid = %s, modseq = 1 WHERE box_id = %s",
        posts // SHARE,
        box.pk,
    )
    world.tidy("mail_post", "mail_postwords", "mail_deliveredpost")
    settle()
    return reader, box
