"""The parser: what is typed, what it means, and that it can be written back."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mail import errors
from mail.search import tokenizer
from mail.search.query import (
    EXAMPLE,
    MAX_LENGTH,
    Field,
    HasAttachment,
    In,
    Is,
    Query,
    Side,
    State,
    Text,
    When,
    parse,
)


@pytest.mark.parametrize(
    ("typed", "parts"),
    [
        ("", []),
        ("  \n ", []),
        ("hello", [Text("hello")]),
        ("-hello", [Text("hello", negated=True)]),
        ('"two words"', [Text("two words", quoted=True)]),
        ("“two words”", [Text("two words", quoted=True)]),
        (r'"a \"b\" \\ c"', [Text(r'a "b" \ c', quoted=True)]),
        ('-"two words"', [Text("two words", quoted=True, negated=True)]),
        ("from:clara", [Text("clara", Field.FROM)]),
        ('FROM:"book club"', [Text("book club", Field.FROM, quoted=True)]),
        (
            "to:bob -subject:minutes",
            [Text("bob", Field.TO), Text("minutes", Field.SUBJECT, negated=True)],
        ),
        ("in:inbox", [In("inbox")]),
        ('in:"my folder" -in:trash', [In("my folder"), In("trash", negated=True)]),
        ("is:unread IS:Read is:flagged", [Is(State.UNREAD), Is(State.READ), Is(State.FLAGGED)]),
        ("has:attachment", [HasAttachment()]),
        ("before:2026-01-31", [When(Side.BEFORE, date(2026, 1, 31))]),
        ("-after:2026-01-31", [When(Side.AFTER, date(2026, 1, 31), negated=True)]),
        # What only looks like an operator is a word, and punctuation alone is passed over.
        ("Re: 12:30 http://x.org/", [Text("Re:"), Text("12:30"), Text("http://x.org/")]),
        ("this - that & more", [Text("this"), Text("that"), Text("more")]),
        ("会议室 اجتماع", [Text("会议室"), Text("اجتماع")]),
        ("same same", [Text("same")]),
        (
            EXAMPLE,
            [
                Text("clara", Field.FROM),
                Text("minutes of Monday", quoted=True),
                Text("draft", negated=True),
                When(Side.AFTER, date(2026, 1, 31)),
            ],
        ),
    ],
)
def test_reads(typed, parts):
    assert parse(typed) == Query(tuple(parts))


@pytest.mark.parametrize(
    ("typed", "part", "position"),
    [
        ('say "hello', '"hello', 5),
        ("a from:", "from:", 3),
        ("from: bob", "from:", 1),
        ("a is:new", "is:new", 3),
        ("has:wings", "has:wings", 1),
        ("x -before:tomorrow", "-before:tomorrow", 3),
        ("after:2026-02-30", "after:2026-02-30", 1),
        ("after:20260101", "after:20260101", 1),
        ("after:0001-01-01", "after:0001-01-01", 1),
        ('in:""', 'in:""', 1),
        ('a "?!"', '"?!"', 3),
        ("from:!", "from:!", 1),
        ("  ?! ", "?!", 1),
    ],
)
def test_says_which_part_cannot_be_read(typed, part, position):
    with pytest.raises(errors.SearchInvalid) as raised:
        parse(typed)
    assert raised.value.details["part"] == part
    assert raised.value.details["position"] == position
    assert part in str(raised.value)
    assert EXAMPLE in str(raised.value)
    assert raised.value.field == "q"


def test_a_search_has_an_end():
    parse("x" * MAX_LENGTH)
    with pytest.raises(errors.SearchInvalid):
        parse("x" * (MAX_LENGTH + 1))


def test_a_part_can_be_taken_away():
    assert str(parse('a "b c" from:d').without(1)) == "a from:d"


_bare = st.from_regex(r"\A[a-zé会][^\s\x00:\"“”„\xa0]{0,8}\Z").filter(tokenizer.words)
_phrases = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="“”„\xa0\0"), max_size=20
).filter(tokenizer.words)
_parts = st.one_of(
    st.builds(Text, _bare, st.sampled_from(Field), negated=st.booleans()),
    st.builds(Text, _phrases, st.sampled_from(Field), st.just(True), negated=st.booleans()),  # noqa: FBT003
    st.builds(
        In,
        st.text(st.characters(exclude_characters="“”„\xa0", exclude_categories=["Cs"]), min_size=1)
        .map(str.strip)
        .filter(bool),
        negated=st.booleans(),
    ),
    st.builds(Is, st.sampled_from(State), negated=st.booleans()),
    st.builds(HasAttachment, negated=st.booleans()),
    st.builds(
        When,
        st.sampled_from(Side),
        st.dates(date(1000, 1, 1), date(9000, 1, 1)),
        negated=st.booleans(),
    ),
)


@given(st.lists(_parts, max_size=6, unique=True))
def test_what_is_written_back_reads_the_same(parts):
    query = Query(tuple(parts))
    if len(str(query)) <= MAX_LENGTH:
        assert parse(str(query)) == query


@given(st.text(max_size=60) | st.text(alphabet='ab:"\\- inftromsh', max_size=60))
@example('"a"b')
@example("--a")
@example('-from:-"x')
def test_anything_is_read_or_refused_and_then_stays_the_same(typed):
    try:
        query = parse(typed)
    except errors.SearchInvalid:
        return
    again = parse(str(query)) if len(str(query)) <= MAX_LENGTH else query
    assert again == query
