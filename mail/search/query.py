"""What people type into a search, read and written back. Pure.

Words, "phrases", `from:`, `to:`, `subject:`, `in:`, `is:`, `has:`, `before:` and `after:`, each of
which a `-` before it turns into its opposite. All that is asked must hold, but of several folders
one.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from mail import errors, names
from mail.search import tokenizer

MAX_LENGTH = 500  # characters
# Within what every time zone and PostgreSQL can say.
FIRST_DAY, LAST_DAY = date(1000, 1, 1), date(9000, 1, 1)


class Field(StrEnum):
    """The part of a post in which words are to stand."""

    ANY = ""
    FROM = "from"
    TO = "to"
    SUBJECT = "subject"


class State(StrEnum):
    UNREAD = "unread"
    READ = "read"
    FLAGGED = "flagged"


class Side(StrEnum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Text(_Part):
    """Words as they are typed; of a phrase, each to the letter and in this order."""

    text: str
    field: Field = Field.ANY
    quoted: bool = False
    usernames: tuple[str, ...] = ()  # of the people who are called so

    def __str__(self) -> str:
        value = _quoted(self.text) if self.quoted else self.text
        return f"{self.field}:{value}" if self.field else value

    @property
    def begins(self) -> bool:
        """Whether longer words count as well; names are meant as they are."""
        return not self.quoted and self.field in (Field.ANY, Field.SUBJECT)

    @property
    def is_of_people(self) -> bool:
        """Whether it may be what somebody is called, where posts have usernames."""
        return self.field in (Field.FROM, Field.TO)

    @property
    def may_name(self) -> bool:
        """Whether it may be what somebody is called, among all else."""
        return self.field == Field.ANY

    @property
    def condition(self) -> str:
        """As PostgreSQL reads it."""
        weights = _WEIGHTS[self.field]
        found = self._any(
            weights=weights, of_people=weights or tokenizer.SENDER + tokenizer.RECIPIENTS
        )
        return f"!{found}" if self.negated else found

    @property
    def rough_condition(self) -> str:
        """The same words wherever they stand."""
        return self._any(together=False)

    def _any(self, *, weights: str = "", of_people: str = "", together: bool = True) -> str:
        found = tokenizer.condition(
            self.text, weights=weights, beginning=self.begins, together=together
        )
        names = (
            tokenizer.condition(name, weights=of_people, together=together)
            for name in self.usernames
        )
        if others := [name for name in names if name]:
            return f"({' | '.join([found, *others])})"
        return found

    @property
    def pattern(self) -> tokenizer.Pattern:
        """What is to be marked where it is found."""
        return tokenizer.Pattern.of(self.text, beginning=self.begins)


@dataclass(frozen=True, slots=True)
class In(_Part):
    """In a folder, by its short name; the personal box is the inbox."""

    folder: str

    def __str__(self) -> str:
        plain = _VALUE.fullmatch(self.folder) and self.folder[0] not in f'"{_OPENING}'
        return f"in:{self.folder if plain else _quoted(self.folder)}"


IN_TRASH = In(names.TRASH)
DRAFTS = "drafts"  # what `in:` calls them, though they lie in no box


@dataclass(frozen=True, slots=True)
class Is(_Part):
    state: State

    def __str__(self) -> str:
        return f"is:{self.state}"


ARE_FLAGGED = Is(State.FLAGGED)


@dataclass(frozen=True, slots=True)
class HasAttachment(_Part):
    """The post carries a file."""

    def __str__(self) -> str:
        return "has:attachment"


@dataclass(frozen=True, slots=True)
class When(_Part):
    """Sent before a day, or on it or after it."""

    side: Side
    day: date

    def __str__(self) -> str:
        return f"{self.side}:{self.day.isoformat()}"


type Part = Text | In | Is | HasAttachment | When


def written(part: Part) -> str:
    """A part as it may be typed."""
    return f"-{part}" if part.negated else str(part)


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; without parts, nothing."""

    parts: tuple[Part, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(written, self.parts))

    def __bool__(self) -> bool:
        return bool(self.parts)

    @property
    def texts(self) -> list[Text]:
        return [part for part in self.parts if isinstance(part, Text)]

    @property
    def files(self) -> list[HasAttachment]:
        return [part for part in self.parts if isinstance(part, HasAttachment)]

    @property
    def condition(self) -> str:
        """What all words together ask, as PostgreSQL reads it; empty when they ask nothing."""
        return " & ".join(sorted({text.condition for text in self.texts}))

    @property
    def rough_condition(self) -> str:
        """The words that must be there, wherever they stand: what an index answers by itself."""
        needed = {text.rough_condition for text in self.texts if not text.negated}
        return " & ".join(sorted(needed))

    def naming(self, usernames: Mapping[Text, Iterable[str]]) -> "Query":
        """The query with the usernames of those who are called as some of its parts say."""
        named = (
            replace(part, usernames=tuple(usernames[part]))
            if isinstance(part, Text) and part in usernames
            else part
            for part in self.parts
        )
        return replace(self, parts=tuple(named))

    @property
    def is_of_drafts(self) -> bool:
        """Whether it looks among what one has begun to write, and nowhere else."""
        folders = (part for part in self.parts if isinstance(part, In) and not part.negated)
        return {folder_key(part.folder) for part in folders} == {DRAFTS}

    @property
    def is_of_trash(self) -> bool:
        """Whether it looks into the trash, and nowhere else."""
        folders = (part for part in self.parts if isinstance(part, In) and not part.negated)
        return {folder_key(part.folder) for part in folders} == {names.TRASH}

    def patterns(self, field: Field) -> list[tokenizer.Pattern]:
        """What is to be marked in a part of a post, or, for ANY, in its body."""
        fields = {Field.ANY, field}
        return [text.pattern for text in self.texts if not text.negated and text.field in fields]

    def without(self, nr: int) -> "Query":
        """The query but for one of its parts."""
        return replace(self, parts=self.parts[:nr] + self.parts[nr + 1 :])


_WEIGHTS = {
    Field.ANY: "",
    Field.FROM: tokenizer.SENDER,
    Field.TO: tokenizer.RECIPIENTS,
    Field.SUBJECT: tokenizer.SUBJECT,
}
EXAMPLE = 'from:clara "minutes of Monday" -draft after:2026-01-31'

# As keyboards and word processors make them of the plain one.
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "\xa0": " "})
# Those of other languages open and close a phrase, and may stand within one as they are.
_OPENING = "«‹「『｢〝＂‟»›"
_CLOSING = "»›」』｣〞〟＂”«‹"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_VALUE = re.compile(r"[^\s\x00]+")
# One dash leaves out; two are an option of a program's, which is looked for itself.
_PART = re.compile(
    rf"""(?P<minus>(?:[-－−](?![-－−]))?)
        (?:(?P<name>from|to|subject|in|is|has|before|after)[:：])?
        (?:"(?P<quoted>(?:[^"\\]|\\.)*)(?P<closed>"?)
           | [{_OPENING}](?P<phrase>[^"{_OPENING}{_CLOSING}]*)[{_CLOSING}]
           | (?P<bare>\S*))""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_BETWEEN = re.compile(r"\s*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def parse(typed: str, *, required: bool = False) -> Query:
    """Read what was typed; raises SearchInvalid with the part that cannot be read.

    Punctuation that stands alone, as in a pasted subject, is passed over. What is `required` must
    look for something.
    """
    if len(typed) > MAX_LENGTH:
        why = _("a search has at most %(limit)d characters") % {"limit": MAX_LENGTH}
        raise _invalid(typed[:20] + "…", MAX_LENGTH, why)
    text = typed.translate(_QUOTES)
    parts: list[Part] = []
    at = _after_space(text, 0)
    while at < len(text):
        # A part is never empty here: after the space there is a letter.
        found = _PART.match(text, at)
        assert found is not None  # noqa: S101 - it matches anything
        if (part := _part(found)) is not None:
            parts.append(part)
        at = _after_space(text, found.end())
    if not parts and (required or text.strip()):
        raise _invalid(typed.strip(), 0, _("there is no word in it"))
    return Query(tuple(dict.fromkeys(parts)))


def _after_space(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return found.end() if found else at


def _part(found: re.Match[str]) -> Part | None:
    name, negated = (found["name"] or "").lower(), bool(found["minus"])
    quoted = found["bare"] is None
    if found["closed"] == "":
        raise _refused(found, _("its quotation mark is not closed"))
    value = _value(found)
    if name and not value.strip():
        raise _refused(found, _("it says nothing after the colon"))
    if name not in _READ:
        return _text(found, Text(value, Field(name), quoted, negated=negated))
    return replace(_READ[name](found, value.strip()), negated=negated)


def _value(found: re.Match[str]) -> str:
    if found["quoted"] is not None:
        return _ESCAPED.sub(r"\1", found["quoted"])
    if found["phrase"] is not None:
        return found["phrase"].strip()
    return found["bare"].lstrip(_OPENING)


def _text(found: re.Match[str], text: Text) -> Text | None:
    if tokenizer.words(text.text):
        return text
    if text.field or text.quoted:
        raise _refused(found, _("there is no word in it"))
    return None


def _in(_found: re.Match[str], value: str) -> In:
    return In(value)


def _is(found: re.Match[str], value: str) -> Is:
    if value.lower() not in set(State):
        raise _refused(found, _("after “is:” comes unread, read or flagged"))
    return Is(State(value.lower()))


def _has(found: re.Match[str], value: str) -> HasAttachment:
    if value.lower() != "attachment":
        raise _refused(found, _("after “has:” comes attachment"))
    return HasAttachment()


def _when(found: re.Match[str], value: str) -> When:
    try:
        day = date.fromisoformat(value if _DAY.fullmatch(value) else "")
    except ValueError:
        raise _refused(found, _("a day is written like 2026-01-31")) from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise _refused(found, _("that day is too far away"))
    return When(Side(found["name"].lower()), day)


_READ: dict[str, Callable[[re.Match[str], str], Part]] = {
    "in": _in,
    "is": _is,
    "has": _has,
    "before": _when,
    "after": _when,
}


def unknown_folder(query: Query, part: In) -> errors.SearchInvalid:
    """What to say of a folder that is not there, which this module cannot know."""
    text, shown = str(query), written(part)
    return _invalid(shown, text.index(shown), _("you have no such folder"))


def _refused(found: re.Match[str], why: str | Promise) -> errors.SearchInvalid:
    return _invalid(found[0], found.start(), why)


def _invalid(part: str, at: int, why: str | Promise) -> errors.SearchInvalid:
    return errors.SearchInvalid(part=part, position=at + 1, why=str(why), example=EXAMPLE)


def folder_key(folder: str) -> str:
    """A folder as it is compared: short, folded, empty for the personal box."""
    key = names.fold(folder)
    return "" if key == names.INBOX else key
