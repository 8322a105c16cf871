"""A whole box as a stream: mbox for mail programs, JSON lines for programs."""

import re
import weakref
from collections import Counter
from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from threading import Lock
from typing import ClassVar
from urllib.parse import quote

import orjson

from mail import errors
from mail.models import Box, Flag, Post
from mail.selectors import Exported, exported

# Lines end as files' do; headers are ASCII, which every mail program reads, bodies are UTF-8.
MAX_RUNNING = 2  # exports of one person in one process

_POLICY = SMTP.clone(linesep="\n", cte_type="8bit")
# As mutt and others write them.
_LETTERS = {Flag.ANSWERED.value: "A", Flag.FLAGGED.value: "F"}
_FROM_LINE = re.compile(rb"^(>*From )", re.MULTILINE)


class Counted:
    """An export that counts among its owner's running ones until it is closed or forgotten.

    Each process counts for itself, as it does requests: what is spared are its threads. Nothing
    is left behind when a client goes away, or the process ends. Raises TooManyExports.
    """

    _running: ClassVar[Counter[int]] = Counter()
    _lock: ClassVar[Lock] = Lock()

    def __init__(self, lines: Iterator[bytes], *, user_id: int) -> None:
        self._lines = lines
        with self._lock:
            if self._running[user_id] >= MAX_RUNNING:
                raise errors.TooManyExports(limit=MAX_RUNNING)
            self._running[user_id] += 1
        self.close = weakref.finalize(self, self._end, user_id)  # once, whoever calls it

    @classmethod
    def _end(cls, user_id: int) -> None:
        with cls._lock:
            cls._running[user_id] -= 1
            if not cls._running[user_id]:
                del cls._running[user_id]

    def __iter__(self) -> "Counted":
        return self

    def __next__(self) -> bytes:
        return next(self._lines)


def mbox(box: Box, host: str) -> Iterator[bytes]:
    """The box as mbox (RFC 4155), in the dialect that quotes every `From ` line by `>`."""
    for row in exported(box):
        head = f"From {_local(row.post.sender_name)}@{host} {row.delivered:%a %b %e %H:%M:%S %Y}\n"
        body = _FROM_LINE.sub(rb">\1", message(row, host).as_bytes())
        yield head.encode("ascii") + body.rstrip(b"\n") + b"\n\n"


def message(row: Exported, host: str) -> EmailMessage:
    """A post as a mail message (RFC 5322), its marks in the headers that mail programs use."""
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
    if letters := "".join(_LETTERS[flag] for flag in _LETTERS if flag in row.flags):
        made["X-Status"] = letters
    if keywords := " ".join(flag for flag in row.flags if flag not in _LETTERS):
        made["X-Keywords"] = keywords
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
        "is_flagged": Flag.FLAGGED in row.flags,
        "is_answered": Flag.ANSWERED in row.flags,
        "flags": row.flags,
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
