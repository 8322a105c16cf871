from typing import Any
from uuid import uuid4

import pytest

from mail import errors, names, selectors, services
from mail.models import Draft, Post, Submission, new_post_id

TYPED: dict[str, Any] = {
    "to": "bob; Nobody yet ,\nbob",
    "cc": " ",
    "bcc": "charlie,",
    "subject": "x" * 300 + "\n",
    "body": "a\r\n\tb ",
    "kind": "reply",
    "in_reply_to": new_post_id(),
}


def stored(draft: Draft) -> Draft:
    return Draft.objects.get(pk=draft.pk)


def test_a_draft_keeps_what_was_typed_to_the_letter(alice):
    draft = services.drafts.save(owner=alice, **TYPED)

    assert draft.version == 1
    assert {field: getattr(stored(draft), field) for field in TYPED} == TYPED
    assert selectors.drafts.own_draft(alice, draft.pk) == draft


def test_a_save_makes_the_next_version(alice):
    draft = services.drafts.save(owner=alice, subject="one")
    again = services.drafts.save(owner=alice, draft_id=draft.pk, version=1, subject="two")

    assert (again.pk, again.version, stored(draft).subject) == (draft.pk, 2, "two")
    assert again.updated > draft.updated
    assert again.created == draft.created


@pytest.mark.parametrize("version", [None, 1])
def test_a_repeated_save_is_one_save(alice, version):
    draft = services.drafts.save(owner=alice, draft_id=new_post_id(), subject="first")
    given = {"draft_id": draft.pk, "version": version, "subject": "next" if version else "first"}
    once = services.drafts.save(owner=alice, **given)
    twice = services.drafts.save(owner=alice, **given)

    assert once.version == twice.version == (2 if version else 1)
    assert Draft.objects.count() == 1


@pytest.mark.parametrize("version", [None, 1])
def test_two_windows_do_not_overwrite_each_other(alice, version):
    draft = services.drafts.save(owner=alice, subject="one")
    services.drafts.save(owner=alice, draft_id=draft.pk, version=1, subject="two")

    with pytest.raises(errors.DraftChanged):
        services.drafts.save(owner=alice, draft_id=draft.pk, version=version, subject="three")
    assert (stored(draft).subject, stored(draft).version) == ("two", 2)


def test_other_peoples_drafts_are_not_found(alice, bob):
    draft = services.drafts.save(owner=alice, subject="mine")

    for version in (None, 1):
        with pytest.raises(errors.NotFound):
            services.drafts.save(owner=bob, draft_id=draft.pk, version=version, subject="mine")
    with pytest.raises(errors.NotFound):
        services.drafts.save(owner=bob, draft_id=uuid4(), version=1)
    with pytest.raises(errors.NotFound):
        selectors.drafts.own_draft(bob, draft.pk)
    assert list(selectors.drafts.own(bob)) == []


@pytest.mark.parametrize(
    ("bad", "error", "field"),
    [
        ({"subject": "a\0"}, errors.TextInvalid, "subject"),
        ({"to": "\ud800"}, errors.TextInvalid, "to"),
        ({"body": "ü" * 512 * 1024, "to": "x"}, errors.DraftTooLarge, "body"),
        ({"to": "x" * Draft.MAX_SIZE, "body": "x"}, errors.DraftTooLarge, "to"),
        ({"kind": "else"}, errors.DraftKindInvalid, "kind"),
        ({"content_type": "text/html"}, errors.ContentTypeInvalid, "content_type"),
    ],
)
def test_what_cannot_be_stored_names_the_field(alice, bad, error, field):
    with pytest.raises(error) as raised:
        services.drafts.save(owner=alice, **bad)

    assert raised.value.field == field
    assert str(raised.value)
    assert not Draft.objects.exists()


def test_a_body_too_large_to_send_is_kept(alice, bob):
    draft = services.drafts.save(owner=alice, to="bob", body="x" * (Post.MAX_BODY + 1))

    with pytest.raises(errors.BodyTooLarge):
        services.drafts.send(draft=draft)
    assert stored(draft).body == draft.body


def test_drafts_are_listed_newest_first(alice):
    first, second = (services.drafts.save(owner=alice, subject=s) for s in "12")
    services.drafts.save(owner=alice, draft_id=first.pk, version=1, subject="again")

    assert [draft.pk for draft in selectors.drafts.own(alice)] == [first.pk, second.pk]


def test_discarding(alice):
    draft = services.drafts.save(owner=alice)
    services.drafts.discard(draft=draft)
    services.drafts.discard(draft=draft)

    with pytest.raises(errors.NotFound):
        services.drafts.save(owner=alice, draft_id=draft.pk, version=1)
    assert not Draft.objects.exists()


class TestSending:
    def test_sends_what_is_in_it_and_ends_it(self, alice, bob, charlie, crew, subjects):
        draft = services.drafts.save(
            owner=alice, to="bob,\ncrew;", cc="", bcc="charlie", subject="s", body="*b*"
        )
        post = services.drafts.send(draft=draft).post

        assert (post.to, post.cc, post.subject, post.body) == (["bob", "crew"], [], "s", "*b*")
        assert subjects(charlie) == ["s"]
        assert not Draft.objects.exists()

    def test_a_double_click_sends_once(self, alice, bob, subjects):
        draft = services.drafts.save(owner=alice, to="bob", subject="once")
        first, second = (services.drafts.send(draft=draft) for _ in range(2))

        assert first.pk == second.pk == selectors.drafts.sent_draft(alice, draft.pk).pk
        assert subjects(bob) == ["once"]
        with pytest.raises(errors.NotFound):
            selectors.drafts.sent_draft(bob, draft.pk)

    def test_what_is_refused_stays_a_draft(self, alice, bob):
        draft = services.drafts.save(owner=alice, to="bob", cc="nobody")

        with pytest.raises(errors.UnknownRecipient) as raised:
            services.drafts.send(draft=draft)
        assert raised.value.field == "cc"
        assert stored(draft).to == "bob"
        assert not Submission.objects.exists()

    def test_a_late_save_does_not_bring_it_back(self, alice, bob):
        draft = services.drafts.save(owner=alice, to="bob", subject="sent")
        services.drafts.send(draft=draft)

        for version in (None, 1):
            with pytest.raises(errors.NotFound):
                services.drafts.save(
                    owner=alice, draft_id=draft.pk, version=version, subject="late"
                )
        assert not Draft.objects.exists()

    def test_what_was_typed_after_it_was_sent_is_not_lost(self, alice, bob):
        draft = services.drafts.save(owner=alice, to="bob", subject="sent")
        services.drafts.save(owner=alice, draft_id=draft.pk, version=1, subject="typed meanwhile")
        services.drafts.send(draft=draft)

        assert stored(draft).subject == "typed meanwhile"

    def test_an_answer_joins_the_thread(self, alice, bob):
        asked = services.sending.send(sender=alice, to=["bob"]).post
        draft = services.drafts.save(owner=bob, to="alice", kind="reply", in_reply_to=asked.pk)

        assert services.drafts.send(draft=draft).post.thread == asked.thread

    def test_an_answer_to_what_is_gone_is_sent_all_the_same(self, alice, bob):
        asked = services.sending.send(sender=alice, to=["bob"]).post
        draft = services.drafts.save(owner=bob, to="alice", kind="reply", in_reply_to=asked.pk)
        services.sending.recall(post=asked, by=alice)
        post = services.drafts.send(draft=draft).post

        assert (post.in_reply_to, post.thread) == (None, post.pk)

    def test_a_plain_draft_is_sent_as_plain_text(self, alice, bob):
        draft = services.drafts.save(owner=alice, to="bob", body="*b*", content_type="text/plain")
        assert services.drafts.send(draft=draft).post.content_type == "text/plain"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", []),
        (" , ;\n", []),
        ("bob", ["bob"]),
        ("bob, Book Club;crew\r\nalice ,", ["bob", "Book Club", "crew", "alice"]),
    ],
)
def test_names_as_typed(typed, found):
    assert names.split(typed) == found
