"""What finds a part of a name, in any case and without accents: read at each search."""

import re
import unicodedata

from mail import names
from mail.search import tokenizer

_RUN = re.compile(r"([^\W_]+)")  # of letters and digits


def pattern(text: str) -> str:
    """What finds a text anywhere in what people wrote, as a regular expression of PostgreSQL's.

    Of a longer one than any name, its beginning.
    """
    typed = unicodedata.normalize("NFC", text.strip()[: names.MAX_LENGTH])
    between_and_runs = enumerate(_RUN.split(typed))
    return "".join(_run(part) if nr % 2 else re.escape(part) for nr, part in between_and_runs)


def _run(letters: str) -> str:
    """Of words, but for their bounds; of what is no letter to those, itself."""
    return re.sub(r"\\[mM]", "", tokenizer.as_written(letters)) or letters
