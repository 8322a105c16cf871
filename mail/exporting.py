"""A whole box as a stream: mbox for mail programs, JSON lines for programs."""

import re
from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import quote

import orjson

from mail.models import Box, Post
from mail.selectors import Exported, exported

# Lines end as files' do; headers are ASCII, which every mail program reads, bodies are UTF-8.
_POLICY = SMTP.clone(linesep="\n", cte_type="8bit")
_FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)


def mbox(box: Box, host: str) -> Iterator[bytes]:
    """The box as mbox (RFC 4155), in the dialect that quotes every `From ` line by `>`."""
    for row in exported(box):
        head = f"From {_local(row.post.sender_name)}@{host} {row.delivered:%a %b %e %H:%M:%S %Y}\n"
        body = _FROM_LINE.sub(rb">\1", message(row, host).as_bytes())
        yield head.encode("ascii") + body.rstrip(b"\n") + b"\n\n"


def message(row: Exported, host: str) -> EmailMessage:
    """A post as a mail message (RFC 5322), its read mark as the Status header."""
    post = row.post
    made = EmailMessage(policy=_POLICY)
    made["From"] = _address(post.sender_name, host)
    for header, names in (("To", post.to), ("Cc", post.cc)):
        if names:
            made[header] = [_address(name, host) for name in names]
    made["Subject"] = post.subject
    made["Date"] = format_datetime(post.created)
    made["Message-ID"] = _id(post.pk, host)
    if post.in_reply_to:
        made["In-Reply-To"] = _id(post.in_reply_to, host)
        made["References"] = " ".join(
            dict.fromkeys((_id(post.thread, host), _id(post.in_reply_to, host)))
        )
    made["Status"] = "RO" if row.is_read else "O"
    made.set_content(post.body, subtype=post.content_type.partition("/")[2], cte="8bit")
    return made


def _id(post_id: object, host: str) -> str:
    return f"<{post_id}@{host}>"


def _local(name: str) -> str:
    """A name as the part before the @, where spaces and letters beyond ASCII are not allowed."""
    return quote(name, safe="") or "nobody"


def _address(name: str, host: str) -> Address:
    return Address(display_name=name, username=_local(name), domain=_domain(host))


def _domain(host: str) -> str:
    """A domain for addresses and ids, which an IP address of version 6 is not."""
    return "localhost" if ":" in host else host


def json_lines(box: Box) -> Iterator[bytes]:
    """One JSON object a line: the whole post, and how it lies in the box."""
    for row in exported(box):
        yield orjson.dumps(_object(row), option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)


def _object(row: Exported) -> dict[str, object]:
    post: Post = row.post
    return {
        "uid": row.uid,
        "delivered": row.delivered,
        "is_read": row.is_read,
        "id": post.pk,
        "sender": post.sender_name,
        "created": post.created,
        "to": post.to,
        "cc": post.cc,
        "subject": post.subject,
        "content_type": post.content_type,
        "body": post.body,
        "in_reply_to": post.in_reply_to,
        "thread": post.thread,
    }
