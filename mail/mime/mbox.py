"""A whole box as a stream: mbox for mail programs, JSON lines for programs."""

import re
import weakref
from base64 import b64encode, encodebytes
from collections import Counter
from collections.abc import Iterator
from email.utils import format_datetime
from functools import lru_cache
from threading import Lock
from typing import ClassVar
from urllib.parse import quote

import orjson

from mail import errors
from mail.models import Box, Flag, Post
from mail.selectors.attachments import content
from mail.selectors.export import Exported, exported
from mail.storage import blobs

# Lines end as files' do; headers are ASCII, which every mail program reads, bodies are UTF-8.
MAX_RUNNING = 2  # exports of one person in one process

PIECE = 64 * 1024  # bytes
_WORD = 39  # bytes: encoded, and with what stands before it, at most 76 letters
_ATOMS = re.compile(r"[A-Za-z0-9_+-]+(?: [A-Za-z0-9_+-]+)*")  # with dots it would be quoted
# As mutt and others write them.
_LETTERS = {Flag.ANSWERED.value: "A", Flag.FLAGGED.value: "F"}
_FROM_LINE = re.compile(r"^(>*From )", re.MULTILINE)


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
    return _gathered(part for row in exported(box) for part in _parts_of_mbox(row, host))


def _gathered(parts: Iterator[bytes]) -> Iterator[bytes]:
    """The same in pieces worth a write each."""
    piece = bytearray()
    for part in parts:
        piece += part
        if len(piece) >= PIECE:
            yield bytes(piece)
            piece.clear()
    if piece:
        yield bytes(piece)


def _parts_of_mbox(row: Exported, host: str) -> Iterator[bytes]:
    yield _of_mbox(row, host).encode()
    if row.attachments:
        yield from _files(row)
        yield b"\n"


def _of_mbox(row: Exported, host: str) -> str:
    """A message up to its files."""
    sender, body = row.post.sender_name, row.post.body.rstrip("\n")
    if "From " in body:
        body = _FROM_LINE.sub(r">\1", body)
    return (
        f"From {_local(sender)}@{host} {row.delivered:%a %b %e %H:%M:%S %Y}\n"
        f"{_head(row, host)}\n\n{_body(row, body)}\n\n"
    )


def message(row: Exported, host: str) -> Iterator[bytes]:
    """A post as a mail message (RFC 5322), to be looked at."""
    yield f"{_head(row, host)}\n\n{_body(row, row.post.body)}".encode()
    if row.attachments:
        yield b"\n"
        yield from _files(row)


# --- Files ----------------------------------------------------------------------------------------


def _boundary(row: Exported) -> str:
    """What stands in no body (RFC 2046 §5.1.1): the id is given out after the body is written."""
    return f"=_{row.post.pk}"


def _body(row: Exported, body: str) -> str:
    """The body alone, or as the first part before files."""
    if not row.attachments:
        return body
    head = "\n".join(f"{name}: {value}" for name, value in _content_headers(row.post))
    return f"--{_boundary(row)}\n{head}\n\n{body}"


def _files(row: Exported) -> Iterator[bytes]:
    """The files of a post as parts, piece by piece, and the end of all parts."""
    for attachment in row.attachments:
        try:
            file = content(attachment)
        except errors.FileMissing as error:  # the rest is worth having
            yield f"--{_boundary(row)}\nContent-Type: text/plain; charset=utf-8\n\n".encode()
            yield f"{error}\n".encode()
            continue
        yield (
            f"--{_boundary(row)}\n"
            f"Content-Type: {attachment.content_type}\n"
            f"Content-Disposition: attachment;\n {_file_name(attachment.name)}\n"
            "Content-Transfer-Encoding: base64\n\n"
        ).encode()
        yield from map(encodebytes, blobs.pieces(file, _LINES))
    yield f"--{_boundary(row)}--\n".encode()


_LINES = 57 * 1024  # bytes: so many lines of base64, and no rest
_PIECES = re.compile(r"(?:%..|[^%]){1,20}")


def _file_name(name: str) -> str:
    """A parameter (RFC 2231), in pieces, so that no line is too long."""
    pieces = _PIECES.findall(quote(name, safe=""))
    encoded = [f"filename*{nr}*={piece}" for nr, piece in enumerate(["utf-8''", *pieces])]
    return ";\n ".join(encoded)


def _head(row: Exported, host: str) -> str:
    return "\n".join(f"{name}: {value}" for name, value in _headers(row, host))


def _headers(row: Exported, host: str) -> Iterator[tuple[str, str]]:
    """Of a mail message (RFC 5322), a post's marks in those that mail programs use.

    Written out: putting them together by the standard library took most of an export's time.
    """
    post = row.post
    yield "From", _address(post.sender_name, host)
    for header, names in (("To", post.to), ("Cc", post.cc)):
        if names:
            yield header, ",\n ".join(_address(name, host) for name in names)
    yield "Subject", _text(post.subject)
    yield "Date", format_datetime(post.created)
    yield "Message-ID", _id(post.pk, host)
    if post.in_reply_to:
        yield "In-Reply-To", _id(post.in_reply_to, host)
        referred = dict.fromkeys((post.thread, post.in_reply_to))
        yield "References", "\n ".join(_id(post_id, host) for post_id in referred)
    yield "Status", "RO" if row.is_read else "O"
    if letters := "".join(letter for flag, letter in _LETTERS.items() if flag in row.flags):
        yield "X-Status", letters
    if keywords := " ".join(flag for flag in row.flags if flag not in _LETTERS):
        yield "X-Keywords", keywords
    yield "MIME-Version", "1.0"
    if row.attachments:
        yield "Content-Type", f'multipart/mixed;\n boundary="{_boundary(row)}"'
    else:
        yield from _content_headers(post)


def _content_headers(post: Post) -> Iterator[tuple[str, str]]:
    """Of the body."""
    yield "Content-Type", f'{post.content_type}; charset="utf-8"'
    yield "Content-Transfer-Encoding", "8bit"


def _id(post_id: object, host: str) -> str:
    return f"<{post_id}@{_domain(host)}>"


def _local(name: str) -> str:
    """A name as the part before the @, where spaces and letters beyond ASCII are not allowed."""
    return quote(name, safe="") or "nobody"


@lru_cache(maxsize=4096)
def _address(name: str, host: str) -> str:
    """A mailbox; the same few write most of what is in a box."""
    address = f"<{_local(name)}@{_domain(host)}>"
    if _ATOMS.fullmatch(name):
        return f"{name} {address}"
    if name.isascii():
        return '"{}" {}'.format(re.sub(r'(["\\])', r"\\\1", name), address)
    return f"{_encoded(name)}\n {address}"


def _domain(host: str) -> str:
    """A domain for addresses and ids, which an IP address of version 6 is not."""
    return "localhost" if ":" in host else host


def _text(text: str) -> str:
    """A subject; a plain one stays as it is, since the longest has less than a line's 998."""
    return text if text.isascii() and "=?" not in text else _encoded(text)


def _encoded(text: str) -> str:
    """Text as encoded words (RFC 2047), which break no letter, each on a line."""
    words, room = [b""], _WORD
    for letter in map(str.encode, text):
        if len(letter) > room:
            words.append(b"")
            room = _WORD
        words[-1] += letter
        room -= len(letter)
    return "\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in words)


def json_lines(box: Box) -> Iterator[bytes]:
    """One JSON object a line: the whole post, and how it lies in the box."""
    option = orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE
    return _gathered(orjson.dumps(_object(row), option=option) for row in exported(box))


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
        "attachments": [
            {
                "id": one.pk,
                "name": one.name,
                "content_type": one.content_type,
                "size": one.blob.size,
                "digest": one.blob_id,
            }
            for one in row.attachments
        ],
    }
