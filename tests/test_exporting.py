"""What mail programs find in an exported box is what was written."""

import json
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail import errors, selectors, services
from mail.content import validation
from mail.mime import mbox
from mail.models import Blob, Post
from mail.selectors.export import Exported

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def _accepted(check, text: str) -> bool:
    try:
        return bool(check(text) == text)
    except errors.InvalidInput:
        return False


SUBJECTS = st.text(max_size=255).filter(lambda text: _accepted(validation.subject, text))
LETTERS = "aZ09.@+-_éßжπ中𐀀"
WORDS = st.text(LETTERS, min_size=1, max_size=60)
NAMES = st.lists(WORDS, min_size=1, max_size=2).map(" ".join)
few = settings(deadline=None, max_examples=40)


def read(parser: Any = policy.default, **given: Any) -> Any:
    """A post, exported alone, as Python's mail parser reads it."""
    thread = uuid4()
    post = Post(**{"created": NOW, "thread": thread, "sender_name": "alice"} | given)
    row = Exported(1, NOW, is_read=False, flags=(), post=post, attachments=())
    written = mbox._of_mbox(row, "mail.example.org").encode()
    first, _, rest = written.partition(b"\n")
    assert first.startswith(b"From ")
    assert first.endswith(b"@mail.example.org Sat Jan 31 12:00:00 2026")
    head, _, _ = rest.partition(b"\n\n")
    assert head.isascii()
    assert max(map(len, head.split(b"\n"))) <= 998
    return message_from_bytes(rest, policy=parser)


@few
@given(SUBJECTS)
def test_a_subject_comes_back(subject):
    assert read(subject=subject)["Subject"] == subject


@pytest.mark.parametrize(
    "subject", ["=?utf-8?q?x?=", "a" * 255, "ü" * 255, "a, b: c", "", "👩‍👩‍👧" * 40]
)
def test_subjects_that_are_odd(subject):
    assert read(subject=subject)["Subject"] == subject


@few
@given(NAMES, st.lists(NAMES, min_size=1, max_size=3))
def test_names_come_back(sender, to):
    message = read(policy.compat32, sender_name=sender, to=to, cc=to[:1])
    assert shown(message["From"]) == [sender]
    assert shown(message["To"]) == to
    assert shown(message["Cc"]) == to[:1]


def shown(header: object) -> list[str]:
    """Names of a header's addresses, by what reads even those of many encoded words."""
    found = getaddresses([str(header)])
    assert all(address.endswith("@mail.example.org") for _, address in found)
    return [str(make_header(decode_header(name))) for name, _ in found]


@few
@given(st.text().filter(lambda text: _accepted(validation.body, text)))
def test_a_body_comes_back(body):
    message = read(body=body)
    assert message.get_content_type() == "text/markdown"
    payload = message.get_payload(decode=True).decode()
    unquoted = "\n".join(
        line[1:] if line.startswith(">") and line.lstrip(">").startswith("From ") else line
        for line in payload.split("\n")
    )
    assert unquoted.rstrip("\n") == body.rstrip("\n")


def test_an_answer_refers_to_what_it_answers():
    thread, asked = uuid4(), uuid4()
    message = read(thread=thread, in_reply_to=asked)
    assert message["In-Reply-To"] == f"<{asked}@mail.example.org>"
    assert message["References"].split() == [f"<{one}@mail.example.org>" for one in (thread, asked)]
    assert read(thread=asked, in_reply_to=asked)["References"] == f"<{asked}@mail.example.org>"


def test_pieces_hold_all_that_there_is(monkeypatch):
    monkeypatch.setattr(mbox, "PIECE", 10)
    parts = [b"12345", b"1234567", b"", b"x" * 25, b"end"]
    pieces = list(mbox._gathered(iter(parts)))
    assert pieces == [b"123451234567", b"x" * 25, b"end"]


class TestFiles:
    @pytest.fixture
    def sent(self, alice, bob, attach):
        draft = services.drafts.save(
            owner=alice, to="bob", subject="files", body="From me\n\n--=_x\n"
        )
        for content, name in CARRIED:
            attach(draft, content, name)
        return services.drafts.send(draft=draft)

    def mbox(self, user) -> bytes:
        return b"".join(mbox.mbox(selectors.boxes.own_box(user), "mail.example.org"))

    def test_come_back_as_they_were(self, bob, sent):
        services.sending.send(sender=bob, to=["bob"], subject="after")
        first, _, second = self.mbox(bob).partition(b"\n\nFrom bob@")
        message: Any = message_from_bytes(first.partition(b"\n")[2], policy=policy.default)
        assert max(map(len, first.split(b"\n"))) <= 998
        assert message.get_content_type() == "multipart/mixed"
        body, *parts = message.iter_parts()
        assert body.get_content_type() == "text/markdown"
        assert body.get_content().startswith(">From me\n")
        assert [(part.get_payload(decode=True), part.get_filename()) for part in parts] == CARRIED
        assert not message.defects
        assert b"Subject: after" in second

    def test_a_missing_one_does_not_end_the_export(self, bob, files, sent):
        (files / Blob.objects.get(size=3).file).unlink()
        written = self.mbox(bob)
        assert b"its content is missing here" in written
        assert written.count(b"Content-Disposition: attachment") == len(CARRIED) - 1

    def test_are_named_in_json_lines_and_part_of_the_source(self, signed_in, bob, sent):
        (line,) = mbox.json_lines(selectors.boxes.own_box(bob))
        assert [one["size"] for one in json.loads(line)["attachments"]] == [
            len(content) for content, _ in CARRIED
        ]
        source = signed_in(bob).get("/inbox/1/raw/").getvalue()
        assert source.count(b"Content-Disposition: attachment") == len(CARRIED)


CARRIED = [
    (b"abc", "a.txt"),
    (bytes(range(256)) * 1000, 'a "quoted", \\ name;.bin'.replace("\\", "")),
    (b"", "空の" * 90 + ".txt"),
]
