"""What people see as one character, which may be several of Unicode's. Pure."""

import regex

_GRAPHEME = regex.compile(r"\X")


def cut(text: str, length: int) -> str:
    """Return the beginning of a text, so many characters at most, cut between graphemes.

    One that is longer than all that is cut within: nobody sees it as one.
    """
    if len(text) <= length:
        return text
    end = 0
    for found in _GRAPHEME.finditer(text, 0, length + 1):
        if found.end() > length:
            break
        end = found.end()
    return text[: end or length]
