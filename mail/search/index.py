"""What posts are found by: made, stored, and made anew."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.db import connection

from mail.models import Attachment, Post
from mail.search import tokenizer

_ADD = """
INSERT INTO mail_postwords (post_id, words, version)
SELECT id, vector::tsvector, %s FROM unnest(%s::uuid[], %s::text[]) AS p (id, vector)
ON CONFLICT (post_id) DO UPDATE SET words = EXCLUDED.words, version = EXCLUDED.version
"""
# By the key, which both tables share: a batch costs the same wherever it begins.
_MISSING = """
SELECT p.id FROM mail_post p
LEFT JOIN mail_postwords w ON w.post_id = p.id AND w.version = %s
WHERE p.id > %s AND w.post_id IS NULL ORDER BY p.id LIMIT %s
"""


def vector_of(post: Post, files: Iterable[str] = ()) -> str:
    """What a post is found by, with the names of its files, as PostgreSQL reads it."""
    return tokenizer.vector(
        subject=post.subject,
        sender=post.sender_name,
        recipients=[*post.to, *post.cc],
        body=post.body,
        files=files,
    )


def names_of_files(post_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """What the files of posts are called."""
    found: dict[UUID, list[str]] = {}
    files = Attachment.objects.filter(post__in=post_ids).order_by("pk")
    for post_id, name in files.values_list("post_id", "name"):
        found.setdefault(post_id, []).append(name)
    return found


def add(vectors: Mapping[UUID, str]) -> None:
    """Store by what posts are found, in place of what was stored before."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [tokenizer.VERSION, list(vectors), list(vectors.values())])


def missing(after: UUID, *, limit: int) -> list[UUID]:
    """Posts that cannot be found by this version's words, in order, above an id."""
    with connection.cursor() as cursor:
        cursor.execute(_MISSING, [tokenizer.VERSION, after, limit])
        return [post_id for (post_id,) in cursor.fetchall()]
