"""All posts of a thread that a person has, as one conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from mail import names
from mail.models import Attachment, Box, DeliveredPost, Flag, Post, User
from mail.selectors.attachments import of_post, of_posts
from mail.selectors.mailbox import delivered_post, full_names, neighbours
from mail.selectors.recipients import Completion, audience


@dataclass(frozen=True, slots=True)
class Message:
    """A post of a conversation, and the copy of it that the person has."""

    box: str  # the folder's short name; empty for the personal box
    uid: int
    is_read: bool
    is_flagged: bool
    is_answered: bool
    post_id: UUID
    in_reply_to: UUID | None
    sender_name: str  # the username
    sender: str  # the full name, where there is one
    to: Sequence[str]
    cc: Sequence[str]
    created: datetime
    subject: str
    snippet: str
    body_html: str
    attachments: Sequence[Attachment]


def conversation(user: User, thread: UUID) -> list[Message]:
    """The posts of a thread that a person has, oldest first, each once: six reads at any size.

    Of several copies that in the personal box is taken; what is only in the trash is left out,
    and so is what one sent and deleted.
    """
    boxes = boxes_shown(user)
    ids = list(Post.objects.filter(thread=thread, recalled=None).values_list("pk", flat=True))
    found = copies(boxes, ids)
    posts = Post.objects.filter(pk__in=list(found), recalled=None).order_by("pk")
    shown = list(posts.only(*_OF_POST))
    people = full_names({post.sender_name for post in shown})
    files = of_posts(found)
    return [_message(post, found[post.pk], boxes, people, files.get(post.pk, ())) for post in shown]


_OF_POST = ("in_reply_to", "sender_name", "to", "cc", "created", "subject", "snippet", "body_html")


class Copy(NamedTuple):
    post_id: UUID
    box_id: int
    uid: int
    read_at: datetime | None
    flags: list[str] | None


def _message(
    post: Post,
    copy: Copy,
    boxes: dict[int, str],
    people: dict[str, str],
    attachments: Sequence[Attachment],
) -> Message:
    flags = copy.flags or ()
    return Message(
        box=boxes[copy.box_id],
        uid=copy.uid,
        is_read=copy.read_at is not None,
        is_flagged=Flag.FLAGGED in flags,
        is_answered=Flag.ANSWERED in flags,
        post_id=post.pk,
        sender=people.get(post.sender_name, post.sender_name),
        attachments=attachments,
        **{field: getattr(post, field) for field in _OF_POST},
    )


def boxes_shown(user: User) -> dict[int, str]:
    """Short names of a person's boxes but the trash, the personal one first."""
    found = Box.objects.filter(owner=user).exclude(name__endswith=names.folder("", names.TRASH))
    boxes = sorted(found.only("name", "kind"), key=lambda box: (":" in box.name, box.pk))
    return {box.pk: box.short_name if ":" in box.name else "" for box in boxes}


# By the next post in the index (box, post): by the posts alone the planner, who expects few,
# would read all copies of a broadcast.
_COPIES = """
SELECT own.post_id, own.box_id, d.uid, d.read_at, d.flags
FROM (SELECT b.id AS box_id, p.id AS post_id,
             (SELECT CASE WHEN h.post_id = p.id THEN h.uid END FROM mail_deliveredpost h
              WHERE h.box_id = b.id AND h.post_id >= p.id
              ORDER BY h.box_id, h.post_id LIMIT 1) AS uid
      FROM unnest(%s::bigint[]) AS b (id) CROSS JOIN unnest(%s::uuid[]) AS p (id)) AS own
JOIN mail_deliveredpost d ON d.box_id = own.box_id AND d.uid = own.uid
"""


def copies(boxes: dict[int, str], post_ids: Sequence[UUID]) -> dict[UUID, Copy]:
    """A person's copies of posts, that in the first of the boxes where there are several."""
    with connection.cursor() as cursor:
        cursor.execute(_COPIES, [list(boxes), list(post_ids)])
        found = [Copy(*row) for row in cursor.fetchall()]
    place = {box_id: nth for nth, box_id in enumerate(boxes)}
    found.sort(key=lambda copy: place[copy.box_id], reverse=True)  # the first box's comes last
    return {copy.post_id: copy for copy in found}


@dataclass(frozen=True, slots=True)
class OpenedPost:
    """An opened post, the conversation around it, and how it lies in its box."""

    row: DeliveredPost
    messages: Sequence[Message]
    boxes: Sequence[Completion]  # to whom the opened post went, with the sizes of groups
    newer: int | None
    older: int | None
    unread: Sequence[int]  # the uids, in that box, of what is read with it


SHOWN = 20  # recipients of a post by name; it may have thousands


def opened_post(user: User, box: Box, uid: int) -> OpenedPost:
    """What one sees who opens a post; raises NotFound."""
    row = delivered_post(box, uid)
    messages = conversation(user, row.post.thread)
    if row.post_id not in {message.post_id for message in messages}:  # it lies in the trash
        copy = Copy(row.post_id, box.pk, row.uid, row.read_at, row.flags)
        people = full_names({row.post.sender_name})
        files = of_post(row.post_id)
        boxes = {box.pk: short_name(box)}
        messages = [*messages, _message(row.post, copy, boxes, people, files)]
    here = short_name(box)
    return OpenedPost(
        row,
        messages,
        audience([*row.post.to, *row.post.cc][:SHOWN]).boxes,
        *neighbours(box, uid),
        unread=[each.uid for each in messages if each.box == here and not each.is_read],
    )


def short_name(box: Box) -> str:
    """A folder's name without its owner's; empty for a personal box."""
    return box.short_name if box.kind == Box.Kind.FOLDER else ""
