from http import HTTPStatus
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mail import selectors, services
from mail.models import Draft, Post, Submission, User

HTMX = {"HX-Request": "true"}


def test_works(signed_in, alice, bob, charlie, subjects):
    page = signed_in(alice).post(
        "/compose/",
        {"to": "bob, Charlie", "subject": "hi", "body": "x", "draft": uuid4()},
        follow=True,
    )
    assert "Sent to bob, charlie." in page.text
    assert subjects(bob) == subjects(charlie) == ["hi"]
    assert not Draft.objects.exists()


def test_looking_stores_nothing(signed_in, alice):
    page = signed_in(alice).get("/compose/")
    assert "<html" in page.text
    assert 'class="compose"' in page.text
    assert not Draft.objects.exists()


def test_every_form_has_an_id_of_its_own(signed_in, alice):
    client = signed_in(alice)
    ids = [client.get("/compose/").context["form"]["draft"].value() for _ in range(2)]
    assert UUID(ids[0]) != UUID(ids[1])


def test_htmx_gets_the_window_alone(signed_in, alice):
    page = signed_in(alice).get("/compose/", headers=HTMX)
    assert page.text.strip().startswith("<opost-compose")
    assert 'role="dialog"' in page.text
    assert "<html" not in page.text
    assert "HX-Request" in page.headers["Vary"]


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_htmx_gets_the_page_where_it_asks_for_a_page(signed_in, alice, header):
    page = signed_in(alice).get("/compose/", headers=HTMX | {header: "true"})
    assert "<html" in page.text


def test_the_form_can_name_a_recipient(signed_in, alice):
    assert 'value="bob"' in signed_in(alice).get("/compose/", {"to": "bob"}).text


def test_a_window_is_closed_by_what_sends_it(signed_in, alice, bob, subjects):
    page = signed_in(alice).post(
        "/compose/", {"to": "bob", "subject": "hi", "window": "1"}, headers=HTMX
    )
    assert page.status_code == HTTPStatus.OK
    assert '<hx-partial hx-target="#composer" hx-swap="innerHTML"></hx-partial>' in page.text
    assert "Sent to bob." in page.text
    assert "/undo/" in page.text
    assert page.headers["HX-Trigger"] == "opost:sent"
    assert subjects(bob) == ["hi"]


def test_htmx_leaves_the_page_of_its_own_for_the_inbox(signed_in, alice, bob):
    client = signed_in(alice)
    answer = client.post("/compose/", {"to": "bob"}, headers=HTMX)
    assert answer.headers["HX-Redirect"] == "/"
    assert "Sent to bob." in client.get("/").text


def test_many_recipients_are_told_in_short(signed_in, alice, bob, charlie, staff):
    form = {"to": "alice, bob, charlie, staff"}
    page = signed_in(alice).post("/compose/", form, follow=True)
    assert "Sent to alice, bob, charlie and 1 more." in page.text


def test_cc_and_bcc(signed_in, alice, bob, charlie, subjects):
    form = {"to": "alice", "cc": "bob", "bcc": "charlie", "subject": "hi"}
    signed_in(alice).post("/compose/", form)
    post = Post.objects.get()
    assert (post.to, post.cc) == (["alice"], ["bob"])
    assert subjects(bob) == subjects(charlie) == ["hi"]


def test_an_answer_belongs_to_what_it_answers(signed_in, alice, bob):
    asked = services.sending.send(sender=alice, to=["bob"]).post
    form = {"to": "alice", "kind": "reply", "in_reply_to": asked.pk}
    signed_in(bob).post("/compose/", form)
    assert Post.objects.exclude(pk=asked.pk).get().thread == asked.thread


def test_what_is_forwarded_is_marked_and_begins_a_thread(signed_in, alice, bob, charlie):
    told = services.sending.send(sender=alice, to=["bob"]).post
    form = {"to": "charlie", "kind": "forward", "in_reply_to": told.pk}
    signed_in(bob).post("/compose/", form)
    assert Post.objects.exclude(pk=told.pk).get().thread != told.thread
    assert selectors.mailbox.delivered_post(selectors.boxes.own_box(bob), 1).flags == ["$Forwarded"]


def test_twice_the_same_form_sends_once(signed_in, alice, bob, subjects):
    form = {"to": "bob", "subject": "once", "body": "a\r\nb", "draft": uuid4()}
    pages = [signed_in(alice).post("/compose/", form, follow=True) for _ in range(2)]
    assert all("Sent to bob." in page.text for page in pages)
    assert subjects(bob) == ["once"]


def test_what_was_sent_and_then_changed_is_asked_about_and_not_lost(
    signed_in, alice, bob, subjects
):
    client, form = signed_in(alice), {"to": "bob", "subject": "once", "draft": uuid4()}
    client.post("/compose/", form)
    answer = client.post("/compose/", form | {"subject": "twice"})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "was sent already" in answer.text
    again = answer.context["form"]["draft"].value()
    assert again != form["draft"]
    client.post("/compose/", form | {"subject": "twice", "draft": again})
    assert subjects(bob) == ["twice", "once"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"to": ""}, "Say to whom"),
        ({"to": " , "}, "Say to whom"),
        ({"to": "nobody"}, "Nobody here is called “nobody”."),
        ({"to": "bob", "bcc": "nobody"}, "Nobody here is called “nobody”."),
        ({"to": "everyone"}, "Only people with the permission"),
        ({"to": "bob", "subject": "x" * 256}, "at most 255 characters"),
        ({"to": "bob", "body": "x" * (256 * 1024 + 1)}, "at most 262144 are allowed"),
        ({"to": "bob", "draft": "x", "version": "1"}, "Enter a valid UUID"),
        ({"to": "bob", "version": 10**30}, "less than or equal"),
    ],
)
def test_errors_come_back_with_the_form_and_what_was_typed(signed_in, alice, bob, bad, said):
    answer = signed_in(alice).post("/compose/", {"body": "typed before"} | bad)
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert said in answer.text
    assert bad.get("body", "typed before") in answer.text
    assert not Post.objects.exists()


def test_what_cannot_be_sent_is_kept_as_a_draft(signed_in, alice):
    client = signed_in(alice)
    page = client.post("/compose/", {"to": "nobody", "body": "typed"})
    draft = selectors.drafts.own(alice).get()
    assert (draft.to, draft.body) == ("nobody", "typed")
    form = page.context["form"]
    assert (form["draft"].value(), form["version"].value()) == (str(draft.pk), draft.version)


def test_a_draft_that_was_changed_elsewhere_is_not_sent(signed_in, alice, bob, subjects):
    draft = services.drafts.save(owner=alice, to="bob", subject="first")
    services.drafts.save(owner=alice, draft_id=draft.pk, version=1, to="bob", subject="second")
    form = {"to": "bob", "subject": "third", "draft": draft.pk, "version": 1}
    answer = signed_in(alice).post("/compose/", form)
    assert answer.status_code == HTTPStatus.CONFLICT
    assert "changed in another window" in answer.text
    assert "third" in answer.text
    assert subjects(bob) == []


def test_a_draft_that_was_discarded_elsewhere_is_sent_all_the_same(signed_in, alice, bob, subjects):
    draft = services.drafts.save(owner=alice, to="bob", subject="hi")
    services.drafts.discard(draft=draft)
    form = {"to": "bob", "subject": "hi", "draft": draft.pk, "version": 1}
    signed_in(alice).post("/compose/", form)
    assert subjects(bob) == ["hi"]


def test_doing_so_twice_sends_once(signed_in, alice, bob, subjects):
    draft = services.drafts.save(owner=alice, to="bob", subject="hi")
    services.drafts.discard(draft=draft)
    form = {"to": "bob", "subject": "hi", "draft": draft.pk, "version": 1}
    for _ in range(2):
        page = signed_in(alice).post("/compose/", form, follow=True)
        assert "Sent to bob." in page.text
    assert subjects(bob) == ["hi"]


def test_another_persons_draft_is_not_touched(signed_in, alice, bob):
    draft = services.drafts.save(owner=bob, to="alice", subject="bob's")
    form = {"to": "alice", "subject": "mine", "draft": draft.pk, "version": 1}
    signed_in(alice).post("/compose/", form)
    draft.refresh_from_db()
    assert draft.subject == "bob's"


class TestManyRecipients:
    @pytest.fixture
    def crowd(self, alice, bob, crew, monkeypatch):
        monkeypatch.setattr("mail.web.forms.forms.ComposeForm.ASK_ABOVE", 1)
        return crew

    def test_are_asked_about(self, signed_in, alice, bob, crowd):
        answer = signed_in(alice).post("/compose/", {"to": "crew", "body": "typed"})
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "This goes to up to 2 people." in answer.text
        assert "Send to 2 people" in answer.text
        assert "typed" in answer.text
        assert not Post.objects.exists()

    def test_get_it_once_that_is_confirmed(self, signed_in, alice, bob, crowd, subjects):
        form = {"to": "crew", "subject": "hi", "confirmed": "2"}
        assert signed_in(alice).post("/compose/", form).status_code == HTTPStatus.FOUND
        assert subjects(bob) == ["hi"]

    def test_are_asked_about_again_when_they_have_become_more(
        self, signed_in, alice, charlie, crowd
    ):
        services.memberships.join(box=crowd, user=charlie, by=charlie)
        answer = signed_in(alice).post("/compose/", {"to": "crew", "confirmed": "2"})
        assert "Send to 3 people" in answer.text

    def test_few_are_not_asked_about(self, signed_in, alice, bob, crew):
        assert signed_in(alice).post("/compose/", {"to": "crew"}).status_code == HTTPStatus.FOUND

    def test_everyone_is_always_asked_about(self, signed_in, staff):
        client = signed_in(staff)
        answer = client.post("/compose/", {"to": "everyone"})
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "Send to 1 person" in answer.text
        sent = client.post("/compose/", {"to": "everyone", "confirmed": "1"})
        assert sent.status_code == HTTPStatus.FOUND

    def test_a_refusal_comes_before_the_question(self, signed_in, alice, everyone):
        answer = signed_in(alice).post("/compose/", {"to": "everyone"})
        assert "Only people with the permission" in answer.text
        assert answer.context["form"].audience is None


def test_signed_out(client, db):
    assert client.get("/compose/").status_code == HTTPStatus.FOUND
    assert client.post("/compose/").status_code == HTTPStatus.UNAUTHORIZED
    answer = client.post("/compose/", headers=HTMX)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.headers["HX-Redirect"].startswith(reverse("sign_in"))


def test_wrong_method(signed_in, alice):
    assert signed_in(alice).delete("/compose/").status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_sending_costs_the_same_to_any_number_of_people(signed_in, alice, crew):
    client, counts = signed_in(alice), []
    for size in (2, 40):
        people = [User(username=f"m{size}{n}") for n in range(size)]
        for user in people:
            user.save()
            services.memberships.join(box=crew, user=user, by=user)
        confirmed = selectors.recipients.audience(["crew"]).people
        with CaptureQueriesContext(connection) as queries:
            answer = client.post("/compose/", {"to": "crew", "confirmed": confirmed})
        assert answer.status_code == HTTPStatus.FOUND
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_form_costs_the_same_at_any_size(
    signed_in, alice, bob, fill, django_assert_max_num_queries
):
    client = signed_in(alice)
    for size in (10, 5000):
        fill(selectors.boxes.own_box(bob), size)
        with django_assert_max_num_queries(2):  # session, person
            client.get("/compose/")
    assert not Submission.objects.exists()


def test_what_was_typed_when_the_sign_in_ended_is_shown(client, db):
    given = {"to": "bob", "subject": "x", "body": "typed with <care>"}
    page = client.post("/compose/", given)
    assert page.status_code == HTTPStatus.UNAUTHORIZED
    assert "typed with &lt;care&gt;" in page.text
    assert "nothing was sent" in page.text
