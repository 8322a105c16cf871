"""Whole boxes and single posts, for export."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mail.models import Attachment, Box, DeliveredPost, Post
from mail.selectors.attachments import of_post, of_posts
from mail.selectors.mailbox import delivered_post


@dataclass(frozen=True, slots=True)
class Exported:
    """A delivered post with all of its post."""

    uid: int
    delivered: datetime
    is_read: bool
    flags: Sequence[str]
    post: Post
    attachments: Sequence[Attachment]


def exported(box: Box, *, batch: int = 100) -> Iterator[Exported]:
    """A whole box in the order of its uids, in batches, at constant memory."""
    after = 0
    while True:
        rows = DeliveredPost.objects.filter(box=box, uid__gt=after).order_by("uid")
        found = list(rows.values_list("uid", "post_id", "delivered", "read_at", "flags")[:batch])
        if not found:
            return
        after = found[-1][0]
        # What was made of the body is as large again, and is made again elsewhere.
        posts = Post.objects.filter(recalled=None).defer("body_html", "snippet")
        by_id = posts.in_bulk([row[1] for row in found])
        files = of_posts(by_id)
        for uid, post_id, delivered, read_at, flags in found:
            if post_id in by_id:
                post, carried = by_id[post_id], files.get(post_id, ())
                yield Exported(uid, delivered, read_at is not None, flags or (), post, carried)


def exported_post(box: Box, uid: int) -> Exported:
    """One delivered post with all of its post; raises NotFound, also for one recalled."""
    row = delivered_post(box, uid)
    files = of_post(row.post_id)
    return Exported(row.uid, row.delivered, row.is_read, row.flags or (), row.post, files)
