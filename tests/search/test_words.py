"""Folding, cutting and marking, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.search import tokenizer
from mail.search.tokenizer import Pattern


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Grüße", "grusse"),
        ("STRASSE straße", "strasse strasse"),
        ("Ça été", "ca ete"),
        ("mañana", "manana"),
        ("Øre æble œuvre Łódź", "ore aeble oeuvre lodz"),
        ("İstanbul", "istanbul"),
        ("أَهْلًا", "اهلا"),
        ("مدرسة", "مدرسه"),
        ("ＡＢ１２", "ab12"),
        ("e\N{COMBINING ACUTE ACCENT}te", "ete"),
    ],
)
def test_folds(typed, folded):
    assert tokenizer.fold(typed) == folded


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        (
            "It's 12:30, mary.smith@x-y.org",
            ["it", "s", "12", "30", "mary", "smith", "x", "y", "org"],
        ),
        ("snake_case", ["snake", "case"]),
        ("在会议室A见", ["在", "会", "议", "室", "a", "见"]),
        ("!?…", []),
        ("x" * 100, ["x" * tokenizer.MAX_WORD]),
    ],
)
def test_cuts(text, cut):
    assert [word.text for word in tokenizer.words(text)] == cut


@pytest.mark.parametrize(
    ("text", "beginning", "condition"),
    [
        ("hello", False, "'hello'"),
        ("hello", True, "'hello':*"),
        ("he", True, "'he'"),
        ("mary.smith", True, "('mary' <1> 'smith':*)"),
        ("会", True, "'会'"),
        ("会议", True, "'会议'"),
        ("会议室", True, "('会议' <1> '议室')"),
        ("会议a室", True, "('会议' <2> 'a' <1> '室')"),
        ("'\\!:*&|", True, ""),
    ],
)
def test_asks(text, beginning, condition):
    assert tokenizer.condition(text, beginning=beginning) == condition


SALAM = "سلام"
WITH_ARTICLE = [
    "السلام",
    "والسلام",
    "فالسلام",
    "بالسلام",
    "كالسلام",
    "للسلام",
    "وللسلام",
    "وبالسلام",
]


@pytest.mark.parametrize("word", WITH_ARTICLE)
def test_an_article_is_stored_and_asked_without(word):
    stored = tokenizer.vector(subject=word, sender="", recipients=[], body="")
    assert stored == f"'{word}':1A '~{SALAM}':1A"
    assert tokenizer.condition(word) == f"'{word}'"
    asked = tokenizer.condition(word, beginning=True)
    assert asked == f"('{word}':* | '{SALAM}':* | '~{SALAM}':*)"
    assert tokenizer.condition(SALAM, beginning=True) == f"('{SALAM}':* | '~{SALAM}':*)"


@pytest.mark.parametrize("word", ["ال", "الى", "الله", "والد", "بالغ", SALAM, "alsalam"])
def test_what_is_no_article_stays(word):
    stored = tokenizer.vector(subject=word, sender="", recipients=[], body="")
    assert stored == f"'{tokenizer.fold(word)}':1A"


@pytest.mark.parametrize(
    ("text", "typed", "marked"),
    [
        ("السلام عليكم", "سلام", "[السلام] عليكم"),
        ("سلام عليكم", "السلام", "[سلام] عليكم"),
        ("السلام عليكم", "السلا", "[السلام] عليكم"),
        ("السلام عليكم", "الس", "[السلام] عليكم"),
        ("والسلام-عليكم", "سلام-عليكم", "[والسلام-عليكم]"),
        ("Die Größe zählt", "grosse", "Die [Größe] zählt"),
        ("Rechnungen, Rechnung", "rechnung", "[Rechnungen], [Rechnung]"),
        ("ﬁne ﬂow", "fine", "[ﬁne] ﬂow"),
        ("我们在会议室见", "会议", "我们在[会议]室见"),
        ("a.b a b", "a b", "[a.b] [a b]"),
        ("مدرسة جديدة", "مدرسه", "[مدرسة] جديدة"),
        ("<b>bold</b>", "bold", "<b>[bold]</b>"),
        ("nothing", "else", "nothing"),
    ],
)
def test_marks(text, typed, marked):
    made, last = "", 0
    for start, end in tokenizer.spans(text, [Pattern.of(typed, beginning=True)]):
        made += f"{text[last:start]}[{text[start:end]}]"
        last = end
    assert made + text[last:] == marked


@given(st.text(max_size=200), st.lists(st.text(max_size=5), max_size=3))
def test_spans_are_in_order_and_inside(text, typed):
    found = tokenizer.spans(text, [Pattern.of(each, beginning=True) for each in typed])
    flat = [place for span in found for place in span]
    assert flat == sorted(flat)
    assert all(start < end <= len(text) for start, end in found)


def test_an_excerpt_is_around_the_hit():
    text = "before " * 50 + "needle " + "after " * 50
    found = tokenizer.excerpt(text, [Pattern.of("needle", beginning=False)], length=80)
    assert found.startswith("… before")
    assert "needle" in found
    assert len(found) <= 82
