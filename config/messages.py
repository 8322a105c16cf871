"""The catalogues of translated texts: `python -m config.messages` brings them up to date.

A tool of those who develop: it reads the texts from the code and the templates, keeps what is
translated, writes each language's `django.po`, and compiles it to the `django.mo` beside it.
"""

import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
PLURALS = {
    "de": (2, "(n != 1)"),
    "fr": (2, "(n > 1)"),
    "es": (2, "(n != 1)"),
    "zh_Hans": (1, "0"),
    "ar": (
        6,
        "(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5)",
    ),
}
LANGUAGES = tuple(PLURALS)


def sources() -> Iterator[tuple[Path, str]]:
    """What people may read is written in these files; templates as the Python they amount to."""
    for folder in ("config", "mail"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, path.read_text()
    for path in sorted((ROOT / "templates").rglob("*.html")):
        # Only the calls are of interest, not how deep they stand.
        lines = templatize(path.read_text(), origin=str(path)).splitlines()
        yield path, "\n".join(line.strip() for line in lines)


def texts() -> Catalog:
    """All texts, as they stand in the code."""
    catalog = Catalog(project="Opost", charset="utf-8")
    for path, source in sources():
        found = extract("python", io.BytesIO(source.encode()), KEYWORDS)
        for _line, message, _comments, context in found:
            where = [(str(path.relative_to(ROOT)), 0)]
            catalog.add(message, None, locations=where, context=context)
    return catalog


def path_of(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / "django.po"


def catalogue(language: str) -> Catalog:
    """A language's translations of all texts, as far as there are any."""
    known = path_of(language)
    catalog = Catalog(locale=language)
    if known.exists():
        with known.open("rb") as file:
            catalog = read_po(file, locale=language)
    count_forms(catalog, *PLURALS[language])
    catalog.update(texts(), no_fuzzy_matching=True, update_header_comment=False)
    catalog.obsolete.clear()
    catalog.header_comment, catalog.fuzzy = f"# Opost in {language}.", False
    return catalog


def count_forms(catalog: Catalog, forms: int, rule: str) -> None:
    """Say how many forms a language has for numbers, and which is for what."""
    vars(catalog).update(_num_plurals=forms, _plural_expr=rule)  # Babel has no other way


def is_translated(message: Message) -> bool:
    """Whether a message has all its forms, and none of them is a guess."""
    forms = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(forms) and not message.fuzzy


def compiled(catalog: Catalog) -> bytes:
    """As gettext reads it; without times, which would change with every writing."""
    catalog.creation_date = catalog.revision_date = datetime(2000, 1, 1, tzinfo=UTC)
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def written(catalog: Catalog) -> bytes:
    """As people read it, without what changes with every writing."""
    file = io.BytesIO()
    write_po(file, catalog, width=98, no_location=True, sort_output=False)
    needless = rb'^"(?!Language:|Plural-Forms|MIME|Content)[A-Z][A-Za-z-]+: .*\n'
    return re.sub(needless, b"", file.getvalue(), flags=re.MULTILINE)


def main() -> int:
    """Bring all catalogues up to date, and say what is missing."""
    missing = 0
    for language in LANGUAGES:
        catalog = catalogue(language)
        path = path_of(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(written(catalog))
        path.with_suffix(".mo").write_bytes(compiled(catalog))
        left = sum(1 for message in catalog if message.id and not is_translated(message))
        sys.stdout.write(f"{language}: {left} of {len(catalog)} texts are not translated.\n")
        missing += left
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
