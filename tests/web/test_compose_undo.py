"""Taking back what was sent: undoing within half a minute, recalling later."""

from datetime import timedelta
from http import HTTPStatus
from uuid import uuid4

import pytest

from mail import selectors, services
from mail.models import Flag, Submission
from mail.selectors.selection import some

HTMX = {"HX-Request": "true"}


@pytest.fixture
def sent(signed_in, alice, bob):
    """The id of the draft that was sent."""
    draft_id = uuid4()
    form = {"to": "bob", "bcc": "alice", "subject": "oops", "body": "x", "draft": draft_id}
    signed_in(alice).post("/compose/", form)
    return draft_id


def age(seconds: int) -> None:
    submission = Submission.objects.get()
    created = submission.created - timedelta(seconds=seconds)
    Submission.objects.filter(pk=submission.pk).update(created=created)


class TestUndo:
    def test_works(self, signed_in, alice, bob, sent, subjects):
        answer = signed_in(alice).post(f"/sent/{sent}/undo/", follow=True)
        draft = selectors.drafts.own(alice).get()
        assert answer.redirect_chain == [(f"/compose/{draft.pk}/", HTTPStatus.FOUND)]
        assert 'value="oops"' in answer.text
        assert 'value="alice"' in answer.text
        assert subjects(bob) == []

    def test_htmx_gets_the_window_back(self, signed_in, alice, sent):
        answer = signed_in(alice).post(f"/sent/{sent}/undo/", headers=HTMX)
        assert '<hx-partial hx-target="#composer"' in answer.text
        assert 'role="dialog"' in answer.text
        assert 'name="window"' in answer.text
        assert answer.headers["HX-Trigger"] == "opost:undone"

    def test_can_be_sent_again(self, signed_in, alice, bob, sent, subjects):
        client = signed_in(alice)
        form = client.post(f"/sent/{sent}/undo/", follow=True).context["form"]
        again = {name: form[name].value() or "" for name in form.fields}
        assert client.post("/compose/", again).status_code == HTTPStatus.FOUND
        assert subjects(bob) == ["oops"]

    def test_too_late_says_so(self, signed_in, alice, bob, sent, subjects):
        age(31)
        answer = signed_in(alice).post(f"/sent/{sent}/undo/")
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "You can still recall the post" in answer.text
        assert subjects(bob) == ["oops"]

    def test_a_stranger_gets_404(self, signed_in, bob, staff, sent, subjects):
        for user in (bob, staff):
            answer = signed_in(user).post(f"/sent/{sent}/undo/")
            assert answer.status_code == HTTPStatus.NOT_FOUND
        assert subjects(bob) == ["oops"]

    def test_wrong_method(self, signed_in, alice, sent):
        answer = signed_in(alice).get(f"/sent/{sent}/undo/")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


class TestRecall:
    def test_says_first_who_has_it(self, signed_in, alice, bob, sent, subjects):
        page = signed_in(alice).get("/sent/1/recall/")
        assert "1 person has it in a box." in page.text
        assert "Nobody has read it yet." in page.text
        services.mailbox.store_flags(
            selection=some(selectors.boxes.own_box(bob), [1]), add=[Flag.SEEN]
        )
        assert "1 has read it." in signed_in(alice).get("/sent/1/recall/").text
        assert subjects(bob) == ["oops"]

    def test_says_so_where_nobody_has_it(self, signed_in, alice, bob, crew):
        services.sending.send(sender=alice, to=["crew"])
        assert "Nobody has fetched it yet." in signed_in(alice).get("/sent/1/recall/").text

    def test_works(self, signed_in, alice, bob, sent, subjects):
        page = signed_in(alice).post("/sent/1/recall/", follow=True)
        assert page.redirect_chain == [("/sent/", HTTPStatus.FOUND)]
        assert "was recalled" in page.text
        assert subjects(bob) == subjects(alice, "sent") == []

    def test_works_also_late(self, signed_in, alice, bob, sent, subjects):
        age(3600)
        signed_in(alice).post("/sent/1/recall/")
        assert subjects(bob) == []

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_a_stranger_gets_404(self, signed_in, bob, sent, subjects, method):
        answer = getattr(signed_in(bob), method)("/sent/1/recall/")
        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert subjects(bob) == ["oops"]

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_what_others_wrote_is_not_recalled_from_ones_sent(self, signed_in, bob, sent, method):
        own = selectors.boxes.own_box(bob)
        services.mailbox.move(selection=some(own, [1]), to=selectors.boxes.own_box(bob, "sent"))
        answer = getattr(signed_in(bob), method)("/sent/1/recall/")
        assert answer.status_code == HTTPStatus.FORBIDDEN
        assert "Only its author" in answer.text

    def test_wrong_method(self, signed_in, alice, sent):
        answer = signed_in(alice).put("/sent/1/recall/")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize(
    ("method", "path"),
    [("post", "/sent/{}/undo/"), ("get", "/sent/1/recall/"), ("post", "/sent/1/recall/")],
)
def test_signed_out(client, sent, bob, subjects, method, path):
    path = path.format(sent)
    assert getattr(client, method)(path).status_code == HTTPStatus.FOUND
    htmx = getattr(client, method)(path, headers=HTMX)
    assert htmx.status_code == HTTPStatus.UNAUTHORIZED
    assert "HX-Redirect" in htmx.headers
    assert subjects(bob) == ["oops"]
