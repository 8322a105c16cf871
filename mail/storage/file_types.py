"""What files are, by their names, by what is said of them, and by their first bytes; pure."""

import re

from django.conf import settings

from mail import errors
from mail.models import Attachment

UNKNOWN = "application/octet-stream"
FIRST = 16  # bytes, by which an image is told
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,62}/[a-z0-9][a-z0-9!#$&^_.+-]{0,62}")
# What no browser runs, and what names it alike everywhere.
_INERT = re.compile(
    r"image/(png|jpeg|gif|webp)|(audio|video|font)/[^+]+|text/(plain|csv)"
    r"|application/(pdf|zip|gzip|x-tar|json|msword|rtf|vnd\.[^+]+)"
)
# Controls, ends of lines, lone surrogates, and what turns the direction, so that an “exe” would
# not be seen.
_REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_IMAGES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n", re.DOTALL), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBPVP8", re.DOTALL), "image/webp"),
)


def image_type(first: bytes) -> str:
    """What kind of image begins with these bytes, of those that may be shown; empty for none."""
    return next((kind for pattern, kind in _IMAGES if pattern.match(first)), "")


def checked_name(given: str) -> str:
    """A file's name without its directories; raises AttachmentNameInvalid or a refusal."""
    name = re.split(r"[/\\]", given)[-1].strip()
    if not 0 < len(name) <= Attachment.MAX_NAME or _REFUSED.search(name):
        raise errors.AttachmentNameInvalid(limit=Attachment.MAX_NAME)
    # Windows leaves out what follows: “a.exe. ” is run as “a.exe”.
    if name.rstrip(". ").rpartition(".")[2].lower() in settings.ATTACHMENTS_REFUSED:
        raise errors.AttachmentTypeRefused(name=name)
    return name


def media_type(given: str) -> str:
    """A media type without its parameters; a binary file where that is none."""
    kind = given.partition(";")[0].strip().lower()
    return kind if _TYPE.fullmatch(kind) else UNKNOWN


def safe_type(media_type: str) -> str:
    """As what a file is sent: never as something that a browser would run."""
    return media_type if _INERT.fullmatch(media_type) else UNKNOWN
