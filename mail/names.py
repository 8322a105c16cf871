"""The rules for names: people, groups, folders and everyone share one namespace. Pure."""

import unicodedata

import regex

from mail import confusable, errors

MAX_LENGTH = 150
MAX_FULL = 255  # of a folder with its owner's name before it
EVERYONE = "everyone"
INBOX = "inbox"  # what people, and addresses of pages, call a personal box
OWN = "folder-"  # before the name of a folder that somebody made, in such addresses
TRASH = "trash"
FOLDERS = ("sent", "archive", TRASH)
# Addresses that RFC 2142 and RFC 5321 give a meaning of their own, and words that read as such.
RESERVED = frozenset({EVERYONE, "all", "postmaster", "mailer-daemon", "abuse", "noreply"})
# A letter or digit that can be seen, with the marks that scripts like Devanagari, Thai and Arabic
# write on it: UTS 39 §5.4 takes more than four for a trick.
_LETTER = r"[[\p{L}\p{N}_.@+\-]--\p{DI}][[\p{Mn}\p{Mc}]--\p{DI}]{0,4}"
# Dots alone would mean something else in an address.
_SHAPE = regex.compile(rf"(?V1)(?!\.+$)(?:{_LETTER})+(?: (?:{_LETTER})+)*")
# The comma and the semicolon as they are typed in Latin, Chinese, Japanese and Arabic.
_BETWEEN = regex.compile(r"[,;\r\n，；、､،؛]")  # noqa: RUF001 - they are meant
# Where names are written with the family's first, and unspaced.
_FAMILY_FIRST = regex.compile(r"[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}ー々]+")


def fold(name: str) -> str:
    """The form in which two names are compared: what PostgreSQL's lower() makes of it.

    Letter by letter, as there: a word's last sigma and the dotted capital I are nothing special.
    Nothing has a name longer than `MAX_FULL`, so of that only so much is kept that it equals none:
    one letter may be 18 after normalisation.
    """
    name = name.strip()
    if name.isascii() or len(name) > MAX_FULL:
        return name[: MAX_FULL + 1].lower()
    normal = unicodedata.normalize("NFKC", name).strip()[: MAX_FULL + 1]
    return "".join(letter.lower()[0] for letter in normal)


def check(name: str) -> str:
    """The name as it is stored; raises NameInvalid for one that nobody may have."""
    normal = unicodedata.normalize("NFKC", name[: MAX_FULL + 1])
    if len(normal) > MAX_LENGTH or not _SHAPE.fullmatch(normal) or looks_reserved(normal):
        raise errors.NameInvalid(name=normal[:MAX_LENGTH], limit=MAX_LENGTH)
    return normal


def looks_reserved(name: str) -> bool:
    """Whether a name can be confused with a reserved one."""
    return confusable.skeleton(fold(name)) in _RESERVED_LOOKS


_RESERVED_LOOKS = frozenset(map(confusable.skeleton, RESERVED))


def full_name(first: str, last: str) -> str:
    """A person's names in the order of the language that they are written in."""
    if _FAMILY_FIRST.fullmatch(first) and _FAMILY_FIRST.fullmatch(last):
        return last + first
    return f"{first} {last}".strip()


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
