"""Posts: which of them a person may read, recall or refer to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from mail import db, errors
from mail.models import DeliveredPost, Post, User
from mail.selectors.boxes import own_boxes

# Asked by each box's next post in its index, since a broadcast's copies are many: by the post
# alone the planner, who expects few, would read them all.
_READABLE = """
SELECT {} FROM mail_post p
WHERE p.id = %s AND p.recalled IS NULL AND (p.sender_id = %s OR EXISTS (
    SELECT FROM mail_box b WHERE b.owner_id = %s AND p.id = (
        SELECT d.post_id FROM mail_deliveredpost d
        WHERE d.box_id = b.id AND d.post_id >= p.id ORDER BY d.box_id, d.post_id LIMIT 1)))
"""


def readable_post(user: User, post_id: UUID) -> Post:
    """A post that a person sent or was delivered, and that was not recalled; raises NotFound."""
    return db.made(Post, _readable(db.columns(Post, "p"), user, post_id))[0]


def readable_version(user: User, post_id: UUID) -> tuple[int, int | None]:
    """What can change about a post: its rendering and whether its sender is known; as above."""
    renderer, sender_id = _readable("p.renderer, p.sender_id", user, post_id)
    return renderer, sender_id


def _readable(columns: str, user: User, post_id: UUID) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(_READABLE.format(columns), [post_id, user.pk, user.pk])
        found: Sequence[Any] | None = cursor.fetchone()
    if found is None:
        raise errors.NotFound
    return found


def all_readable_posts(user: User) -> QuerySet[Post]:
    """Posts that a person sent or was delivered, and that were not recalled."""
    delivered = DeliveredPost.objects.filter(box__in=[box.pk for box in own_boxes(user)])
    return Post.objects.filter(
        Q(sender=user) | Q(pk__in=delivered.values("post_id")), recalled=None
    )


def recallable_post(user: User, post_id: UUID) -> Post:
    """A post that one can see, or that staff may recall unseen; raises NotFound."""
    if user.has_perm("mail.recall"):
        post = Post.objects.filter(pk=post_id, recalled=None).first()
        if post is not None:
            return post
    return readable_post(user, post_id)


def own_post(user: User, post_id: UUID) -> Post:
    """A post that a person wrote; raises PostUnknown."""
    post = Post.objects.filter(pk=post_id, sender=user, recalled=None).first()
    if post is None:
        raise errors.PostUnknown
    return post


@dataclass(frozen=True, slots=True)
class RecallReport:
    """What a recall takes back: copies in people's boxes, and how many of them were read."""

    copies: int
    read: int


# A group's row is no copy that anybody has: its members' own are counted, once they pulled it.
_COPIES = """
SELECT count(*), count(d.read_at) FROM mail_deliveredpost d JOIN mail_box b ON b.id = d.box_id
WHERE d.post_id = %s AND b.owner_id IS DISTINCT FROM %s AND b.owner_id IS NOT NULL
"""


def recall_report(post: Post) -> RecallReport:
    """How many copies other people have of a post; after a recall there are none: one read."""
    with connection.cursor() as cursor:
        cursor.execute(_COPIES, [post.pk, post.sender_id])
        return RecallReport(*cursor.fetchone())


# --- For the reaper ------------------------------------------------------------------------------

_IN_ANY_BOX = """
SELECT p.id FROM unnest(%s::uuid[]) AS p (id)
WHERE EXISTS (SELECT FROM mail_deliveredpost d WHERE d.post_id = p.id)
"""


def in_any_box(post_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of some posts that are in a box; a broadcast's copies are not all read."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_ANY_BOX, [list(post_ids)])
        return {post_id for (post_id,) in cursor.fetchall()}


class Leaving(NamedTuple):
    """A place in the order in which posts left boxes."""

    at: datetime
    box_id: int
    uid: int


_LEFT = """
SELECT post_id, at, box_id, uid FROM mail_tombstone
WHERE at >= %s AND (at, box_id, uid) > (%s, %s, %s) ORDER BY at, box_id, uid LIMIT %s
"""


def left_since(
    since: datetime, after: Leaving | None, *, limit: int = db.BATCH
) -> tuple[list[UUID], Leaving | None]:
    """Return a batch of the posts that left a box since a time, and the place where it ends."""
    after = after or Leaving(since, 0, 0)
    with connection.cursor() as cursor:
        cursor.execute(_LEFT, [after.at, *after, limit])
        found = cursor.fetchall()
    end = Leaving(*found[-1][1:]) if len(found) == limit else None
    return list({row[0] for row in found}), end
