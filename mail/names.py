"""The rules for names: people, groups, folders and everyone share one namespace. Pure."""

import re
import unicodedata

from mail import errors

MAX_LENGTH = 150
MAX_FULL = 255  # of a folder with its owner's name before it
EVERYONE = "everyone"
INBOX = "inbox"  # what people, and addresses of pages, call a personal box
OWN = "folder-"  # before the name of a folder that somebody made, in such addresses
TRASH = "trash"
FOLDERS = ("sent", "archive", TRASH)
# Addresses that RFC 2142 and RFC 5321 give a meaning of their own, and words that read as such.
RESERVED = frozenset({EVERYONE, "all", "postmaster", "mailer-daemon", "abuse", "noreply"})
# Dots alone would mean something else in an address.
_SHAPE = re.compile(r"(?!\.+$)[\w.@+-]+(?: [\w.@+-]+)*")
_BETWEEN = re.compile(r"[,;\r\n]")


def fold(name: str) -> str:
    """The form in which two names are compared: what PostgreSQL's lower() makes of it.

    Letter by letter, as there: a word's last sigma and the dotted capital I are nothing special.
    """
    return "".join(letter.lower()[0] for letter in unicodedata.normalize("NFKC", name).strip())


def check(name: str) -> str:
    """The name as it is stored; raises NameInvalid for one that nobody may have."""
    name = unicodedata.normalize("NFKC", name)
    if (
        len(name) > MAX_LENGTH
        or not _SHAPE.fullmatch(name)
        or not name.strip(".")
        or fold(name) in RESERVED
    ):
        raise errors.NameInvalid(name=name[:MAX_LENGTH], limit=MAX_LENGTH)
    return name


def folder(owner: str, name: str) -> str:
    """The full name of a person's folder: the colon is kept for this."""
    return f"{owner}:{name}"


def split(typed: str) -> list[str]:
    """The names in a field as people fill it in: separated by commas, semicolons or lines."""
    return [name.strip() for name in _BETWEEN.split(typed) if name.strip()]


def check_folder(owner: str, name: str) -> str:
    """The full name as it is stored; raises NameTaken, or NameInvalid, also for too long a sum."""
    full = folder(owner, check(name))
    if fold(name) == INBOX:
        raise errors.NameTaken(name=name)
    if len(full) > MAX_FULL:
        raise errors.NameInvalid(name=name, limit=MAX_FULL - len(owner) - 1)
    return full
