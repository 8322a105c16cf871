"""What a post may be made of; pure."""

from mail import errors
from mail.models import Post

_SAME = {"text/x-markdown": Post.ContentType.MARKDOWN}  # what clients said before RFC 7763


def subject(given: str) -> str:
    """A subject in one line without space around it; raises SubjectInvalid."""
    given = given.strip()
    if len(given) > Post.MAX_SUBJECT or not given.isprintable() or not _encodes(given):
        raise errors.SubjectInvalid(limit=Post.MAX_SUBJECT)
    return given


def body(given: str) -> str:
    """A body with plain line ends; raises BodyTooLarge or BodyInvalid."""
    if "\0" in given or not _encodes(given):
        raise errors.BodyInvalid
    given = given.replace("\r\n", "\n").replace("\r", "\n")
    if (size := len(given.encode())) > Post.MAX_BODY:
        raise errors.BodyTooLarge(size=size, limit=Post.MAX_BODY)
    return given


def content_type(given: str) -> str:
    """The content type as it is stored; raises ContentTypeInvalid."""
    known = _SAME.get(given, given)
    if known not in Post.ContentType.values:
        raise errors.ContentTypeInvalid(given=given[:60])
    return Post.ContentType(known).value


def _encodes(text: str) -> bool:
    """Lone surrogates, which JSON can carry, are no text and cannot be stored."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
