"""Words as they are found: folded, cut from text of any script, and what a search makes of them.

Pure. PostgreSQL's own parser and dictionaries are not asked: they know one language at a time, and
no Chinese. Here a word is a run of letters and digits, without case and accents. Where words are
not spaced apart, each character is one, and each pair of neighbours, too. Where Arabic writes its
article in one with a word, that is found without it as well.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from mail.content import graphemes

VERSION = 3  # of what is stored: a higher one has all posts indexed anew

MAX_WORD = 64  # characters; what is longer is found by its beginning
MAX_PLACE = 16_383  # PostgreSQL's: words beyond it are found, but not as a phrase
MAX_PLACES = 255  # of one word, PostgreSQL's as well
MAX_BYTES = 900_000  # of what is stored for a post, of the 1 MiB that PostgreSQL allows
HEAD = 2_000  # places for subject, sender and recipients together; the rest is the body's
MIN_BEGINNING = 3  # letters from which on a word also finds those that begin with it

# What PostgreSQL calls weights: in which part of a post a word stands.
SUBJECT, SENDER, RECIPIENTS, BODY = "A", "B", "C", "D"

# Letters that have no decomposition, but that people write without their strokes and joints.
_ALIKE = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"}
    | {"ı": "i", "ة": "ه", "ى": "ي", "ـ": ""}  # noqa: RUF001 - letters of Turkish and Arabic
)
# Han, kana and what extends them.
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")
# The article of Arabic, also after "and", "so", "by", "like" and "for"; a root is left.
_ARTICLE = re.compile("[\u0648\u0641]?(?:[\u0628\u0643\u0644]?\u0627\u0644|\u0644\u0644)(?=.{3})")
_IS_ARABIC = re.compile("[\u0620-\u06ff]")
BARE = "~"  # sets a word that stands without its article apart from one that never had it
_DROPPED = frozenset({"Mn", "Me", "Cf"})


@dataclass(frozen=True, slots=True)
class Word:
    """A word, folded, and where it stands in the folded text."""

    text: str
    start: int
    end: int

    @property
    def is_unspaced(self) -> bool:
        """Whether it is one character of a script that does not space its words."""
        return _IS_UNSPACED.match(self.text) is not None


def fold(text: str) -> str:
    """Text without case, accents and the marks that Arabic is often written without."""
    if text.isascii():
        return text.lower()
    return "".join(map(_folded, text))


@lru_cache(maxsize=8192)
def _folded(letter: str) -> str:
    opened = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", letter).casefold())
    kept = (each for each in opened if unicodedata.category(each) not in _DROPPED)
    return "".join(map(_in_our_digits, kept)).translate(_ALIKE)


def _in_our_digits(letter: str) -> str:
    """A digit of any script as everybody can type it."""
    return str(unicodedata.decimal(letter)) if letter.isdecimal() else letter


def words(text: str) -> list[Word]:
    """The words of a text in order."""
    return [
        Word(found[0][:MAX_WORD], found.start(), found.end())
        for found in _WORD.finditer(fold(text))
    ]


def _bare(word: str) -> str:
    """A word without the article of Arabic."""
    return _ARTICLE.sub("", word, count=1) if _ARTICLE.match(word) else word


# --- What is stored ------------------------------------------------------------------------------


def vector(
    *, subject: str, sender: str, recipients: Iterable[str], body: str, files: Iterable[str] = ()
) -> str:
    """Where each word of a post stands, as PostgreSQL reads a `tsvector`.

    Names of files count as words of the body.
    """
    places: dict[str, list[str]] = {}
    room, place = MAX_BYTES, 1
    parts = [(SUBJECT, subject), (SENDER, sender)]
    parts += [(RECIPIENTS, name) for name in recipients]
    parts += [(BODY, name) for name in files]
    for weight, text in [*parts, (BODY, body)]:
        last = MAX_PLACE if weight == BODY else HEAD
        for lexeme, at in _lexemes(words(text)):
            known = places.get(lexeme)
            if known is None:
                room -= len(lexeme.encode()) + 10
                if room < 0:
                    continue
                known = places[lexeme] = []
            if len(known) < MAX_PLACES and room > 0:
                room -= 2
                known.append(f"{min(place + at, last)}{weight}")
        # A gap, so that no phrase reaches from one part into the next.
        place = min(place + len(words(text)) + 1, HEAD + 2)
    return " ".join(f"'{lexeme}':{','.join(found)}" for lexeme, found in places.items())


def _lexemes(found: Sequence[Word]) -> Iterator[tuple[str, int]]:
    """Each word, also without its article, and each pair of unspaced characters, with its place."""
    for at, word in enumerate(found):
        yield word.text, at
        if (bare := _bare(word.text)) != word.text:
            yield BARE + bare, at
        if word.is_unspaced and _touches(found, at):
            yield word.text + found[at + 1].text, at


def _touches(found: Sequence[Word], at: int) -> bool:
    following = found[at + 1] if at + 1 < len(found) else None
    return following is not None and following.is_unspaced and following.start == found[at].end


# --- What is asked -------------------------------------------------------------------------------


def condition(
    text: str, *, weights: str = "", beginning: bool = False, together: bool = True
) -> str:
    """What finds a text, as PostgreSQL reads a `tsquery`; empty for a text without words.

    Several words must stand side by side, unless they need not be `together`. With `beginning` the
    last one may go on, if it is long enough to say something, and articles do not count.
    """
    found = words(text)
    lexemes = list(_asked(found))
    made, before = "", 0
    for nr, (lexeme, at) in enumerate(lexemes):
        goes_on = beginning and nr == len(lexemes) - 1 and _may_go_on(found[-1])
        suffix = ("*" if goes_on else "") + weights
        if made:
            made += f" <{at - before}> " if together else " & "
        ways = _ways_to_ask(lexeme) if beginning else [lexeme]
        terms = " | ".join(f"'{way}'" + (f":{suffix}" if suffix else "") for way in ways)
        made += f"({terms})" if len(ways) > 1 else terms
        before = at
    return f"({made})" if len(lexemes) > 1 else made


def _ways_to_ask(lexeme: str) -> Collection[str]:
    """With and without the article, whether or not it was typed."""
    if not _IS_ARABIC.match(lexeme):
        return [lexeme]
    return dict.fromkeys([lexeme, _bare(lexeme), BARE + _bare(lexeme)])


def _may_go_on(word: Word) -> bool:
    return not word.is_unspaced and len(word.text) >= MIN_BEGINNING


def _asked(found: Sequence[Word]) -> Iterator[tuple[str, int]]:
    """As few lexemes as tell the words: of unspaced characters the pairs alone, if there are."""
    paired = False  # whether the pair before covers this one
    for at, word in enumerate(found):
        if word.is_unspaced and _touches(found, at):
            yield word.text + found[at + 1].text, at
            paired = True
        else:
            if not paired:
                yield word.text, at
            paired = False


# --- What was never folded -----------------------------------------------------------------------

# The letters of those alphabets that have accents or cases.
_LETTERS = [chr(code) for code in (*range(ord("A"), 0x700), *range(0x1E00, 0x2000))]


def as_written(text: str) -> str:
    """What finds the words of a text, side by side, in text that is stored as people wrote it.

    A regular expression of PostgreSQL's. It may find more: what it finds is to be folded and looked
    at again.
    """
    made, before = "", None
    for word in words(text):
        letters = "".join(_ways_to_write(word.text))
        if before is not None and before.end < word.start:
            made += r"\W+"
        made += letters if word.is_unspaced else rf"\m{letters}\M"
        before = word
    return made


def _ways_to_write(word: str) -> Iterator[str]:
    written, letters, length = _by_folded(), "", 0
    for at, letter in enumerate(word):
        pair = word[at : at + 2]
        letters += written.get(letter, letter)
        length += 1
        if len(pair) > 1 and pair in written:  # which one letter may stand for
            letters += written[pair]
        else:
            yield f"[{letters}]" + (f"{{{(length + 1) // 2},{length}}}" if length > 1 else "")
            letters, length = "", 0


@cache
def _by_folded() -> dict[str, str]:
    """By what they are folded to, the letters that are."""
    found: dict[str, str] = {}
    for letter in filter(str.isalpha, _LETTERS):
        found[_folded(letter)] = found.get(_folded(letter), "") + letter
    return found


# --- What is shown -------------------------------------------------------------------------------

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Words that stand side by side, the last of which may go on.

    Where articles do not count, it has none.
    """

    texts: tuple[str, ...]
    goes_on: bool
    is_bare: bool = False

    @classmethod
    def of(cls, text: str, *, beginning: bool) -> "Pattern":
        found = words(text)
        goes_on = beginning and bool(found) and _may_go_on(found[-1])
        texts = (_bare(word.text) if beginning else word.text for word in found)
        return cls(tuple(texts), goes_on, beginning)


def spans(text: str, patterns: Sequence[Pattern]) -> list[Span]:
    """Where patterns stand in a text, in order and apart from each other."""
    if not patterns or not text:
        return []
    found = words(text)
    hits = sorted(
        (found[at].start, found[at + len(pattern.texts) - 1].end)
        for at, pattern in _standing([word.text for word in found], patterns)
    )
    joined: list[Span] = []
    for start, end in hits:
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    places = _places(text)
    return [(places[start], places[end - 1] + 1) for start, end in joined]


def _standing(texts: Sequence[str], patterns: Iterable[Pattern]) -> Iterator[tuple[int, Pattern]]:
    """Where each pattern stands among the words of a text.

    Each word is compared with the patterns that begin like it alone, so that many patterns cost
    little more than one.
    """
    by_beginning: dict[str, list[Pattern]] = {}
    for pattern in filter(lambda pattern: pattern.texts, patterns):
        by_beginning.setdefault(pattern.texts[0], []).append(pattern)
    lengths, bare = {len(beginning) for beginning in by_beginning}, list(map(_bare, texts))
    for at, ways in enumerate(zip(texts, bare, strict=True)):
        for text in dict.fromkeys(ways):
            for length in lengths:
                alike = by_beginning.get(text[:length], ()) if length <= len(text) else ()
                yield from ((at, each) for each in alike if _stands(each, texts, bare, at))


def _stands(pattern: Pattern, texts: Sequence[str], bare: Sequence[str], at: int) -> bool:
    *firsts, last = pattern.texts
    end = at + len(firsts)
    if end >= len(texts):
        return False
    ways = (texts[end], bare[end]) if pattern.is_bare else (texts[end],)
    fits = any(map(str.startswith, ways, (last, last))) if pattern.goes_on else last in ways
    return fits and (bare if pattern.is_bare else texts)[at:end] == firsts


def _places(text: str) -> Sequence[int]:
    """For each letter of the folded text, the place of the one that it came from."""
    if text.isascii():
        return range(len(text))
    return [place for place, letter in enumerate(text) for _ in _folded(letter)]


def excerpt(text: str, patterns: Sequence[Pattern], *, length: int) -> str:
    """The part of a text around the first hit; empty where there is none."""
    if not (found := spans(text, patterns)):
        return ""
    start = max(found[0][0] - length // 10, 0)
    if start:  # at the beginning of a word
        start = text.find(" ", start, found[0][0]) + 1 or _between_graphemes(text, start)
    return ("… " if start else "") + graphemes.cut(text[start:], length)


def _between_graphemes(text: str, at: int) -> int:
    """A place in a text, or the one before it where it lies within what is seen as one letter."""
    begin = text.rfind(" ", 0, at) + 1
    return begin + len(graphemes.cut(text[begin:], at - begin)) if at > begin else at
