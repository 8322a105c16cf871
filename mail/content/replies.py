"""What an answer, or a post that is passed on, begins with. Pure."""

import re
from collections.abc import Iterable
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from mail import names
from mail.content import graphemes, markdown
from mail.models import Draft, Post, User

# What mail programs put before the subject of an answer, and of what they pass on. Not the single
# letters of some, nor words: those begin honest subjects, too.
_KINDS = {
    "reply": (
        "re aw sv antw vs odp ynt res rif rép απ отв "
        "回复 回覆 答复 答覆 返信 답장 회신 رد השב תשובה"
    ),
    "forward": (
        "fwd fw wg tr rv enc vb vl doorst pd ilt tov πρθ пересл "
        "转发 轉寄 轉發 转寄 転送 전달 تحويل הועבר"
    ),
}
_WORDS = "|".join(f"(?P<{kind}>{'|'.join(known.split())})" for kind, known in _KINDS.items())
# Also counted, as Re[2]: or Re(2):, and with the colon of Chinese, or a space before it.
_PREFIX = re.compile(
    rf"(?:{_WORDS})\.?(?P<count>\s?[\[(^]\d{{1,4}}[\])]?)?\s?[:：]\s*",  # noqa: RUF001
    re.IGNORECASE,
)


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
    if post.content_type == Post.ContentType.MARKDOWN:
        told = [(f"- {what}", markdown.literal(value)) for what, value in told]
    head = "\n".join(f"{what}: {value}" for what, value in told if value)
    return {
        "kind": Draft.Kind.FORWARD,
        "in_reply_to": post.pk,
        "content_type": post.content_type,
        "subject": _prefixed(post.subject, "forward", _("Fwd:")),
        "body": f"{_signature(by)}\n\n{_('Forwarded post')}\n\n{head}\n\n{post.body}",
    }


def _answer(post: Post, by: User, *, to: Iterable[str], cc: Iterable[str] = ()) -> dict[str, Any]:
    wrote = _("On %(date)s, %(name)s wrote:") % {"date": _moment(post), "name": post.sender_name}
    return {
        "kind": Draft.Kind.REPLY,
        "in_reply_to": post.pk,
        # As it was written: what is no Markdown would be shown as something else by it.
        "content_type": post.content_type,
        "to": ", ".join(to),
        "cc": ", ".join(cc),
        "subject": _prefixed(post.subject, "reply", _("Re:")),
        "body": f"{_signature(by)}\n\n{wrote}\n\n{quoted(post.body)}\n",
    }


def quoted(body: str) -> str:
    """Each line as Markdown quotes it."""
    return "\n".join(f"> {line}".rstrip() for line in body.strip("\n").split("\n"))


def _signature(by: User) -> str:
    """Below the line that sets a signature off (RFC 3676 §4.3), in a paragraph of its own."""
    return f"\n\n-- \n\n{by.signature}" if by.signature else ""


def _prefixed(subject: str, kind: str, prefix: str) -> str:
    """A subject with the prefix once, and no longer than subjects may be.

    Of what stands there already, in whatever language, the first of the other kind stays. A
    subject that has the one prefix already is left as it is.
    """
    found, rest = [], subject.strip()
    while prefixed := _PREFIX.match(rest):
        found.append(prefixed)
        rest = rest[prefixed.end() :]
    if len(found) == 1 and found[0][kind] and not found[0]["count"]:
        return subject
    others = [each[0].strip() for each in found if not each[kind]]
    return graphemes.cut(" ".join([prefix, *others[:1], rest]).strip(), Post.MAX_SUBJECT)


def _wrote(post: Post, by: User) -> bool:
    return post.sender_id == by.pk


def _without(given: Iterable[str], left_out: Iterable[str]) -> list[str]:
    folded = {names.fold(name) for name in left_out}
    return [name for name in given if names.fold(name) not in folded]


def _moment(post: Post) -> str:
    return date_format(timezone.localtime(post.created), "DATETIME_FORMAT")
