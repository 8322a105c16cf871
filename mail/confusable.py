"""Names that look alike, by the skeletons of Unicode's UTS 39. Pure.

Nothing is stored for this, so newer data of Unicode's needs no upkeep: what a name can be confused
with is found by a pattern over the names that are there, and then compared exactly.
"""

import re
import unicodedata
from functools import cache, lru_cache

from confusable_homoglyphs.confusables import confusables_data

_LRM = "\u200e"  # stands around right-to-left letters in the library's data


@cache
def _alike() -> dict[str, list[str]]:
    """The library's pairs, each in both directions, as UTS 39 writes them."""
    found: dict[str, dict[str, None]] = {}
    for text, others in confusables_data.items():
        known = found.setdefault(text.replace(_LRM, ""), {})
        known.update(dict.fromkeys(other["c"].replace(_LRM, "") for other in others))
    return {text: list(others) for text, others in found.items()}


@lru_cache(maxsize=8192)
def _prototype(letter: str) -> str:
    """The letters that stand for all that look like this one.

    Each class is a star around its prototype, the only one with several pairs. Of a class of two,
    either may stand for both, but a sequence of letters always does.
    """
    others = _alike().get(letter, [])
    if len(others) != 1:
        return letter
    (other,) = others
    if len(other) > 1 or len(_alike()[other]) > 1:
        return other
    return min(letter, other)


def skeleton(folded: str) -> str:
    """The form in which two folded names look alike."""
    letters = "".join(map(_prototype, unicodedata.normalize("NFD", folded)))
    return "".join(letter.lower()[0] for letter in unicodedata.normalize("NFD", letters))


@cache
def _by_skeleton() -> dict[str, str]:
    """By what they look like, the letters that folded names may have."""
    found: dict[str, str] = {}
    for letter in _alike():
        if len(letter) == 1 and letter == letter.lower() == unicodedata.normalize("NFKC", letter):
            found[skeleton(letter)] = found.get(skeleton(letter), "") + letter
    return found


def pattern(looks: str) -> str:
    """What finds the names of a skeleton, folded and decomposed, as PostgreSQL reads it.

    It may find more, since one letter may look like two: the skeletons are to be compared.
    """
    longest = max(map(len, _by_skeleton()))
    letters = list(looks)
    optional: set[int] = set()
    for at in range(len(looks)):
        for end in range(at + 1, min(at + longest, len(looks)) + 1):
            if found := _by_skeleton().get(looks[at:end]):
                letters[at] += found
                optional.update(range(at + 1, end))
    classes = (f"[{''.join(map(re.escape, dict.fromkeys(each)))}]" for each in letters)
    made = (each + ("?" if at in optional else "") for at, each in enumerate(classes))
    return f"^{''.join(made)}$"
