"""Files that drafts and posts carry, and who may read them."""

from collections.abc import Iterable, Sequence
from typing import IO
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from mail import db, errors
from mail.models import Attachment, Blob, Draft, User
from mail.selectors.posts import readable_version
from mail.storage import blobs


def readable(user: User, attachment_id: UUID) -> Attachment:
    """One of a draft of one's own, or of a post that one may read; raises NotFound."""
    found = Attachment.objects.filter(pk=attachment_id).select_related("blob").first()
    if found is None:
        raise errors.NotFound
    if found.post_id is not None:
        readable_version(user, found.post_id)
    elif found.owner_id != user.pk or not Draft.objects.filter(attachment=found).exists():
        raise errors.NotFound
    return found


def of_own_draft(user: User, attachment_id: UUID) -> Attachment:
    """One of a draft of one's own; raises NotFound, also for one that was sent."""
    found = readable(user, attachment_id)
    if found.draft_id is None:
        raise errors.NotFound
    return found


def of_draft(user: User, draft_id: UUID) -> QuerySet[Attachment]:
    """The files of a draft of one's own, in their order."""
    found = Attachment.objects.filter(draft=draft_id, owner=user)
    return found.select_related("blob").order_by("pk")


# Asked for every list and every post, most of which carry nothing.
_OF_POSTS = """
SELECT {}, {}, a.post_id
FROM mail_attachment a JOIN mail_blob b ON b.digest = a.blob_id
WHERE a.post_id = ANY (%s::uuid[]) ORDER BY a.id
"""


def of_posts(post_ids: Iterable[UUID]) -> dict[UUID, list[Attachment]]:
    """The files of posts that were found to be readable, in their order: one read."""
    by_post: dict[UUID, list[Attachment]] = {}
    with connection.cursor() as cursor:
        columns = db.columns(Attachment, "a"), db.columns(Blob, "b")
        cursor.execute(_OF_POSTS.format(*columns), [list(post_ids)])
        for row in cursor.fetchall():
            attachment, rest = db.made(Attachment, row)
            attachment.blob, (post_id,) = db.made(Blob, rest)
            by_post.setdefault(post_id, []).append(attachment)
    return by_post


def of_post(post_id: UUID) -> Sequence[Attachment]:
    """The files of one post that was found to be readable."""
    return of_posts([post_id]).get(post_id, [])


def content(attachment: Attachment) -> IO[bytes]:
    """What is in a file, to be read from; raises FileMissing."""
    return blobs.opened(attachment.blob, name=attachment.name)
