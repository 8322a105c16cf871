"""Where an address begins and ends in running text of any script. Pure.

Well-kept linkifiers were tried: they take Chinese punctuation and closing quotes along, or find no
address right behind a letter.
"""

from collections.abc import Iterator

import regex

# What begins one, but not in the middle of a word of Latin letters.
START = r"(?<![A-Za-z0-9+.\-])(?i:https?)://"
# No address goes on behind these: quotes and brackets of other scripts, and what separates
# sentences there. Those of Latin may be part of one, but not at its end.
_STOPS = r"\s\p{C}<>\"`|“”„‟«»‹›\u3000-\u3003\u3008-\u3020，；：？！（）［］｛｝｡｢｣､،؛؟۔।॥"
_ADDRESS = regex.compile(rf"{START}(?:(?!\*\*|~~)[^{_STOPS}])+")
_AT_END = frozenset("?!.,:;*_~'‘’‚…\\")
_CLOSING = {")": "(", "]": "[", "}": "{"}
_HOST = regex.compile(r"(?i:https?)://(?:[^/?#@\s]*@)?[\p{L}\p{N}]")

# "https:logout" (no slashes) is absolute to a parser, and relative to a browser
# that reads it on an https page: the slashes are required.
_FOLLOWED = regex.compile(r"(?i:https?://|(?:mailto|tel|sms):)[^\s/]")


def is_followed(url: str) -> bool:
    """Whether a link to it leads from every page to the same place, by a scheme that is allowed."""
    return _FOLLOWED.match(url) is not None


def end_of(text: str, start: int, stop: int | None = None) -> int | None:
    """Return where the address that begins at `start` ends; None where that is none."""
    found = _ADDRESS.match(text, start, len(text) if stop is None else stop)
    if found is None:
        return None
    end = start + len(_trimmed(found[0]))
    return end if _HOST.match(text, start, end) else None


def _trimmed(address: str) -> str:
    """Without punctuation at its end, and without brackets that it did not open."""
    unopened = {
        closing: address.count(closing) - address.count(opening)
        for closing, opening in _CLOSING.items()
    }
    end = len(address)
    while end:
        last = address[end - 1]
        if unopened.get(last, 0) > 0:
            unopened[last] -= 1
        elif last not in _AT_END:
            break
        end -= 1
    return address[:end]


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """Each address in a text, by where it begins and ends."""
    at = 0
    while found := _ADDRESS.search(text, at):
        end = end_of(text, found.start())
        if end is not None:
            yield found.start(), end
        at = end or found.end()
