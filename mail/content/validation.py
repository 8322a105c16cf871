"""What a post may be made of; pure."""

import unicodedata

import regex

from mail import errors
from mail.models import Post

_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOTHING = regex.compile(r"[\p{Z}\p{Cf}\p{DI}\p{M}\u2800]*")
_SAME = {"text/x-markdown": Post.ContentType.MARKDOWN}  # what clients said before RFC 7763


def subject(given: str) -> str:
    """A subject in one line without space around it; raises SubjectInvalid."""
    given = given.replace("\t", " ").strip()
    if _NOTHING.fullmatch(given):  # that anybody could see, or click on
        return ""
    if len(given) > Post.MAX_SUBJECT or any(map(_breaks, given)) or not _encodes(given):
        raise errors.SubjectInvalid(limit=Post.MAX_SUBJECT)
    return given


def _breaks(letter: str) -> bool:
    """Controls, ends of lines, and what turns the direction of all that follows on the page."""
    return unicodedata.category(letter) in ("Cc", "Zl", "Zp") or letter in _OVERRIDES


def body(given: str) -> str:
    """A body with plain line ends; raises BodyTooLarge or BodyInvalid."""
    if "\0" in given or not _encodes(given):
        raise errors.BodyInvalid
    given = given.replace("\r\n", "\n").replace("\r", "\n")
    if (size := len(given.encode())) > Post.MAX_BODY:
        raise errors.BodyTooLarge(size=size, limit=Post.MAX_BODY)
    return given


def text(given: str, *, field: str) -> str:
    """A text of any other field; raises TextInvalid."""
    if "\0" in given or not _encodes(given):
        raise errors.TextInvalid(field=field)
    return given


def content_type(given: str) -> str:
    """The content type as it is stored; raises ContentTypeInvalid."""
    known = _SAME.get(given, given)
    if known not in Post.ContentType.values:
        raise errors.ContentTypeInvalid(given=given[:60])
    return Post.ContentType(known).value


def _encodes(text: str) -> bool:
    """Lone surrogates, which JSON can carry, are no text and cannot be stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
