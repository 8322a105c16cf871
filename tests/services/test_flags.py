from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from mail import errors, selectors, services
from mail.models import Box, BoxCounter, DeliveredPost, Flag, Post
from mail.selectors.selection import some
from tests.delivery.support import held


@pytest.fixture
def mail(alice, bob) -> list[Post]:
    """Three posts of alice's in bob's box."""
    return [services.sending.send(sender=alice, to=["bob"], subject=f"s{n}").post for n in range(3)]


def flags(box: Box) -> dict[int, list[str] | None]:
    return dict(DeliveredPost.objects.filter(box=box).order_by("uid").values_list("uid", "flags"))


def modseq(box: Box) -> int:
    return BoxCounter.objects.get(box=box).modseq


def test_flagging_takes_the_next_modseq_if_anything_changes(bob, mail):
    box = selectors.boxes.own_box(bob)
    before = modseq(box)

    assert services.mailbox.store_flags(selection=some(box, [1, 3, 99]), add=[Flag.FLAGGED]) == 2
    assert modseq(box) == before + 1
    assert services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.FLAGGED]) == 0
    assert services.mailbox.store_flags(selection=some(box, [2, 99]), remove=[Flag.FLAGGED]) == 0
    assert modseq(box) == before + 1
    assert flags(box) == {1: ["\\Flagged"], 2: None, 3: ["\\Flagged"]}
    assert selectors.changes.after(box, f"{before}.3", limit=9).changed == [1, 3]

    assert services.mailbox.store_flags(selection=some(box, [1, 2]), remove=[Flag.FLAGGED]) == 1
    assert flags(box) == {1: None, 2: None, 3: ["\\Flagged"]}
    assert modseq(box) == before + 2


def test_other_flags_stay(bob, mail):
    box = selectors.boxes.own_box(bob)
    services.sending.send(sender=bob, to=["alice"], in_reply_to=mail[0].pk)
    services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.FLAGGED])
    assert flags(box)[1] == ["\\Answered", "\\Flagged"]

    services.mailbox.store_flags(selection=some(box, [1]), remove=[Flag.FLAGGED])
    assert flags(box)[1] == ["\\Answered"]


def test_a_thousand_are_one_statement(bob, fill, django_assert_num_queries):
    box = selectors.boxes.own_box(bob)
    fill(box, 5000)
    with django_assert_num_queries(5):
        assert (
            services.mailbox.store_flags(selection=some(box, range(1, 5001)), add=[Flag.FLAGGED])
            == 5000
        )


def test_flags_move_along(bob, mail):
    box, archive = selectors.boxes.own_box(bob), selectors.boxes.own_box(bob, "archive")
    services.mailbox.store_flags(selection=some(box, [2]), add=[Flag.FLAGGED])
    services.mailbox.move(selection=some(box, [2]), to=archive)

    assert flags(archive) == {1: ["\\Flagged"]}


def test_a_list_shows_them(bob, mail):
    box = selectors.boxes.own_box(bob)
    services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.FLAGGED])
    services.sending.send(sender=bob, to=["alice"], in_reply_to=mail[1].pk)

    lines = selectors.mailbox.page(box).rows
    assert [(line.uid, line.is_flagged, line.is_answered) for line in lines] == [
        (3, False, False),
        (2, False, True),
        (1, True, False),
    ]


@pytest.mark.parametrize(
    ("how", "flag"), [("in_reply_to", Flag.ANSWERED), ("forwarded", Flag.FORWARDED)]
)
class TestMarks:
    def test_all_own_copies_are_marked_once(self, alice, bob, crew, how, flag):
        post = services.sending.send(sender=bob, to=["bob", "crew", "alice"]).post
        services.mailbox.move(
            selection=some(selectors.boxes.own_box(bob), [1]),
            to=selectors.boxes.own_box(bob, "archive"),
        )
        boxes = [selectors.boxes.own_box(bob, folder) for folder in ("sent", "archive")]
        before = [modseq(box) for box in boxes]
        referring: dict[str, Any] = {how: post.pk}
        services.sending.send(sender=bob, to=["alice"], **referring)
        services.sending.send(sender=bob, to=["alice"], **referring)

        for box in boxes:
            assert flags(box)[1] == [flag]
        assert modseq(boxes[1]) == before[1] + 1
        assert modseq(boxes[0]) == before[0] + 3  # the two posts, and the mark
        assert flags(selectors.boxes.own_box(alice)) == {1: None, 2: None, 3: None}
        assert flags(crew) == {1: None}

    def test_what_one_cannot_read_is_refused(self, alice, charlie, mail, how, flag):
        for post_id in (mail[0].pk, uuid4()):
            referring: dict[str, Any] = {how: post_id}
            with pytest.raises((errors.RepliedToUnknown, errors.ForwardedUnknown)) as raised:
                services.sending.send(sender=charlie, to=["alice"], **referring)
            assert raised.value.field == how
        assert Post.objects.count() == 3

    def test_a_draft_marks_too(self, bob, mail, how, flag):
        kind = "reply" if how == "in_reply_to" else "forward"
        draft = services.drafts.save(owner=bob, to="alice", kind=kind, in_reply_to=mail[0].pk)
        post = services.drafts.send(draft=draft).post

        assert flags(selectors.boxes.own_box(bob))[1] == [flag]
        assert post.in_reply_to == (mail[0].pk if kind == "reply" else None)

    def test_a_key_is_for_one_of_them(self, bob, charlie, mail, how, flag):
        given: dict[str, Any] = {"sender": bob, "to": ["charlie"], "idempotency_key": "k"}
        once = services.sending.send(**given, **{how: mail[0].pk})
        assert services.sending.send(**given, **{how: mail[0].pk}) == once
        for other in ({how: mail[1].pk}, {}):
            with pytest.raises(errors.KeyReused):
                services.sending.send(**given, **other)


def test_undoing_the_only_answer_takes_the_mark_back(bob, mail):
    box = selectors.boxes.own_box(bob)
    answers = [
        services.sending.send(sender=bob, to=["alice"], in_reply_to=mail[0].pk) for _ in range(2)
    ]
    services.sending.undo(submission=answers[0], by=bob)
    assert flags(box)[1] == ["\\Answered"]
    services.sending.undo(submission=answers[1], by=bob)
    assert flags(box)[1] is None


@pytest.mark.django_db(transaction=True)
def test_a_mark_that_fails_does_not_undo_the_sending(alice, bob, mail, subjects, caplog):
    archive = selectors.boxes.own_box(bob, "archive")
    services.mailbox.move(selection=some(selectors.boxes.own_box(bob), [1]), to=archive)
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '50ms'")
    try:
        with held(archive):
            services.sending.send(sender=bob, to=["alice"], subject="sent", in_reply_to=mail[0].pk)
    finally:
        connection.close()  # the timeout with it

    assert subjects(alice) == ["sent"]
    assert flags(archive) == {1: None}
    assert "could not be marked" in caplog.text
