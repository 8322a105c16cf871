"""What an answer, or a post that is passed on, begins with. Pure."""

from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mail import names
from mail.models import Draft, Post, User

_REPLY = ("re:", "aw:", "sv:", "antw:")
_FORWARD = ("fwd:", "fw:", "wg:")


def begin(by: User, *, to: str = "") -> dict[str, Any]:
    """Something new to write, with one's signature below it."""
    return {"to": to, "body": _signature(by)}


def reply(post: Post, by: User) -> dict[str, Any]:
    """To the sender; where oneself is the sender, to those whom one wrote to."""
    return _answer(post, by, to=post.to if _wrote(post, by) else [post.sender_name])


def reply_all(post: Post, by: User) -> dict[str, Any]:
    """To the sender and all whom the post names but oneself."""
    if _wrote(post, by):
        to = _without(post.to, [by.username]) or post.to
    else:
        to = [post.sender_name, *_without(post.to, [by.username, post.sender_name])]
    return _answer(post, by, to=to, cc=_without(post.cc, [by.username, *to]))


def forward(post: Post, by: User) -> dict[str, Any]:
    """To nobody yet, with all of the post."""
    told = [
        (_("From"), post.sender_name),
        (_("Date"), _moment(post)),
        (_("Subject"), post.subject),
        (_("To"), ", ".join(post.to)),
        (_("Cc"), ", ".join(post.cc)),
    ]
    item = "- " if post.content_type == Post.ContentType.MARKDOWN else ""
    head = "\n".join(f"{item}{what}: {value}" for what, value in told if value)
    return {
        "kind": Draft.Kind.FORWARD,
        "in_reply_to": post.pk,
        "content_type": post.content_type,
        "subject": _prefixed(_("Fwd:"), post.subject, _FORWARD),
        "body": f"{_signature(by)}\n\n{_('Forwarded post')}\n\n{head}\n\n{post.body}",
    }


def _answer(post: Post, by: User, *, to: Iterable[str], cc: Iterable[str] = ()) -> dict[str, Any]:
    wrote = _("On %(date)s, %(name)s wrote:") % {"date": _moment(post), "name": post.sender_name}
    return {
        "kind": Draft.Kind.REPLY,
        "in_reply_to": post.pk,
        "to": ", ".join(to),
        "cc": ", ".join(cc),
        "subject": _prefixed(_("Re:"), post.subject, _REPLY),
        "body": f"{_signature(by)}\n\n{wrote}\n\n{quoted(post.body)}\n",
    }


def quoted(body: str) -> str:
    """Each line as Markdown quotes it."""
    return "\n".join(f"> {line}".rstrip() for line in body.strip("\n").split("\n"))


def _signature(by: User) -> str:
    """Below the line that sets a signature off (RFC 3676 §4.3), in a paragraph of its own."""
    return f"\n\n-- \n\n{by.signature}" if by.signature else ""


def _prefixed(prefix: str, subject: str, known: Iterable[str]) -> str:
    """A subject with the prefix once, and no longer than subjects may be."""
    if subject.lower().startswith((*known, prefix.lower())):
        return subject
    return f"{prefix} {subject}".strip()[: Post.MAX_SUBJECT]


def _wrote(post: Post, by: User) -> bool:
    return post.sender_id == by.pk


def _without(given: Iterable[str], left_out: Iterable[str]) -> list[str]:
    folded = {names.fold(name) for name in left_out}
    return [name for name in given if names.fold(name) not in folded]


def _moment(post: Post) -> str:
    return date_format(timezone.localtime(post.created), "DATETIME_FORMAT")
