from http import HTTPStatus

import pytest
from django.utils import timezone, translation

from mail import selectors, services
from mail.content import replies
from mail.models import Draft, Post

HTMX = {"HX-Request": "true"}
NAMES = ["reply", "reply-all", "forward"]


@pytest.fixture
def post(alice, bob, charlie):
    return services.sending.send(
        sender=alice, to=["bob", "charlie"], cc=["alice"], subject="hello", body="one\n\ntwo\n"
    ).post


def initial(client, path):
    return client.get(path).context["form"].initial


@pytest.mark.parametrize("name", NAMES)
def test_works_and_stores_nothing(signed_in, bob, post, name):
    page = signed_in(bob).get(f"/inbox/1/{name}/")
    assert page.status_code == HTTPStatus.OK
    assert "hello" in page.text
    assert "<html" in page.text
    assert not Draft.objects.exists()
    assert selectors.boxes.unread_counts(bob) == {"": 1}


@pytest.mark.parametrize("name", NAMES)
def test_htmx_gets_the_window_alone(signed_in, bob, post, name):
    page = signed_in(bob).get(f"/inbox/1/{name}/", headers=HTMX)
    assert page.text.strip().startswith("<opost-compose")


def test_an_answer_quotes_and_goes_to_the_sender(signed_in, bob, post):
    form = initial(signed_in(bob), "/inbox/1/reply/")
    assert (form["to"], form["cc"], form["subject"]) == ("alice", "", "Re: hello")
    assert (form["kind"], form["in_reply_to"]) == ("reply", post.pk)
    assert form["body"].startswith("\n\nOn ")
    assert form["body"].endswith(", alice wrote:\n\n> one\n>\n> two\n")


def test_an_answer_to_all_leaves_oneself_out(signed_in, bob, post):
    form = initial(signed_in(bob), "/inbox/1/reply-all/")
    assert (form["to"], form["cc"]) == ("alice, charlie", "")


def test_an_answer_to_ones_own_goes_to_whom_one_wrote(signed_in, alice, post):
    client = signed_in(alice)
    assert initial(client, "/sent/1/reply/")["to"] == "bob, charlie"
    assert initial(client, "/sent/1/reply-all/")["to"] == "bob, charlie"
    assert initial(client, "/sent/1/reply-all/")["cc"] == ""


def test_forwarding_shows_all_of_it_to_nobody_yet(signed_in, bob, post):
    form = initial(signed_in(bob), "/inbox/1/forward/")
    assert "to" not in form
    assert (form["subject"], form["kind"], form["in_reply_to"]) == (
        *("Fwd: hello", "forward"),
        post.pk,
    )
    for line in ("- From: alice", "- Subject: hello", "- To: bob, charlie", "- Cc: alice"):
        assert f"\n{line}\n" in form["body"]
    assert form["body"].endswith("\n\none\n\ntwo\n")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("folder", ["inbox", "sent"])
def test_a_stranger_gets_404(signed_in, staff, post, folder, name):
    answer = signed_in(staff).get(f"/{folder}/1/{name}/")
    assert answer.status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("name", NAMES)
def test_a_recalled_post_is_404(signed_in, alice, bob, post, name):
    services.sending.recall(post=post, by=alice)
    assert signed_in(bob).get(f"/inbox/1/{name}/").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("name", NAMES)
def test_signed_out(client, post, name):
    assert client.get(f"/inbox/1/{name}/").status_code == HTTPStatus.FOUND
    htmx = client.get(f"/inbox/1/{name}/", headers=HTMX)
    assert htmx.status_code == HTTPStatus.UNAUTHORIZED
    assert "HX-Redirect" in htmx.headers


@pytest.mark.parametrize("name", NAMES)
def test_wrong_method(signed_in, bob, post, name):
    answer = signed_in(bob).post(f"/inbox/1/{name}/")
    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("name", NAMES)
def test_costs_the_same_at_any_size(signed_in, bob, post, fill, django_assert_num_queries, name):
    client = signed_in(bob)
    client.get(f"/inbox/1/{name}/")
    for size in (10, 5000):
        fill(selectors.boxes.own_box(bob), size)
        # Session, person, box, delivered post, post; what is forwarded also its files.
        with django_assert_num_queries(6 if name == "forward" else 5):
            client.get(f"/inbox/1/{name}/")


class TestAnswering:
    """What the views show, from posts that need not be stored."""

    def made(self, **fields) -> Post:
        return Post(**{"created": timezone.now(), "sender_name": "ann", **fields})

    @pytest.mark.parametrize(
        ("subject", "answered"),
        [
            ("hi", "Re: hi"),
            ("Re: hi", "Re: hi"),
            ("RE: hi", "RE: hi"),
            ("re:hi", "re:hi"),
            ("AW: hi", "AW: hi"),
            ("Fwd: hi", "Re: Fwd: hi"),
            ("Regarding", "Re: Regarding"),
            ("", "Re:"),
            ("x" * 255, "Re: " + "x" * 251),
        ],
    )
    def test_a_subject_is_marked_once(self, bob, subject, answered):
        assert replies.reply(self.made(subject=subject), bob)["subject"] == answered

    @pytest.mark.parametrize(
        ("subject", "forwarded"), [("hi", "Fwd: hi"), ("FW: hi", "FW: hi"), ("Re: a", "Fwd: Re: a")]
    )
    def test_so_it_is_when_forwarded(self, bob, subject, forwarded):
        assert replies.forward(self.made(subject=subject), bob)["subject"] == forwarded

    @pytest.mark.parametrize(
        ("to", "cc", "expected"),
        [
            (["bob"], [], ("ann", "")),
            (["BOB", "crew"], ["bob", "dora"], ("ann, crew", "dora")),
            (["Ann", "crew"], ["crew", "ann"], ("ann, crew", "")),
        ],
    )
    def test_all_are_the_sender_and_those_named_each_once(self, bob, to, cc, expected):
        made = replies.reply_all(self.made(to=to, cc=cc), bob)
        assert (made["to"], made["cc"]) == expected

    def test_a_post_to_oneself_is_answered_to_oneself(self, bob):
        post = self.made(sender=bob, sender_name="bob", to=["bob"])
        assert replies.reply(post, bob)["to"] == replies.reply_all(post, bob)["to"] == "bob"

    @pytest.mark.parametrize(
        ("body", "quoted"),
        [("a", "> a"), ("a\n\nb\n", "> a\n>\n> b"), ("> a\nb", "> > a\n> b"), ("", ">")],
    )
    def test_quoting(self, body, quoted):
        assert replies.quoted(body) == quoted

    def test_plain_text_stays_plain_when_forwarded(self, bob):
        post = self.made(content_type="text/plain", body="*x*", subject="s")
        made = replies.forward(post, bob)
        assert made["content_type"] == "text/plain"
        assert "\nFrom: ann\n" in made["body"]

    def test_speaks_the_readers_language_as_far_as_it_is_known(self, bob):
        with translation.override("de"):
            assert replies.reply(self.made(subject="hi"), bob)["subject"].endswith("hi")
