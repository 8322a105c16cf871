from datetime import timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from mail import selectors, services


@pytest.fixture
def post(alice, bob):
    return services.sending.send(
        sender=alice, to=["bob"], subject="hello", body="**first words** of it"
    ).post


def test_works(signed_in, bob, post):
    page = signed_in(bob).get("/")

    assert page.status_code == HTTPStatus.OK
    assert "hello" in page.text
    assert "first words of it" in page.text
    assert 'class="line unread"' in page.text


@pytest.mark.parametrize("folder", ["inbox", "sent", "archive", "trash"])
def test_every_folder_works(signed_in, alice, post, folder):
    page = signed_in(alice).get(f"/{folder}/")
    assert ("hello" in page.text) == (folder == "sent")


def test_a_stranger_sees_nothing_of_it(signed_in, charlie, post):
    assert "hello" not in signed_in(charlie).get("/").text


def test_signed_out(client, post):
    assert client.get("/").headers["Location"] == f"{reverse('sign_in')}?next=/"


def test_signed_out_htmx_is_sent_to_the_sign_in_page_not_into_a_fragment(client, db):
    answer = client.get("/inbox/1/", headers={"HX-Request": "true"})
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.headers["HX-Redirect"].startswith(reverse("sign_in"))
    assert answer.content == b""


def test_wrong_method(signed_in, bob):
    assert signed_in(bob).post("/").status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_pages_by_keyset(signed_in, alice, bob):
    for n in range(selectors.mailbox.PAGE + 2):
        services.sending.send(sender=alice, to=["bob"], subject=f"number {n}.")
    client = signed_in(bob)

    first = client.get("/")
    assert (
        first.text.count('class="line') - first.text.count('class="lines') == selectors.mailbox.PAGE
    )
    services.sending.send(sender=alice, to=["bob"], subject="newer")
    second = client.get("/", {"before": first.context["page"].next_before})
    assert [line.subject for line in second.context["page"].rows] == ["number 1.", "number 0."]
    assert "Older posts" not in second.text


def test_a_bad_cursor_is_not_found(signed_in, bob):
    assert signed_in(bob).get("/", {"before": "x"}).status_code == HTTPStatus.NOT_FOUND


def test_says_when_a_post_was_sent_not_when_the_box_pulled_it(signed_in, alice, bob, crew):
    sent = services.sending.send(sender=alice, to=["crew"], subject="long ago").post
    sent.created -= timedelta(days=9)
    sent.save()

    (line,) = signed_in(bob).get("/").context["page"].rows
    assert line.created == sent.created


def test_get_serves_the_subscriptions_and_marks_nothing_read(signed_in, alice, bob, crew):
    services.sending.send(sender=alice, to=["crew"], subject="to the crew")
    client = signed_in(bob)
    for _ in range(2):
        page = client.get("/")
        assert "to the crew" in page.text
        assert 'class="line unread"' in page.text


def test_a_strict_policy_comes_with_every_page(signed_in, bob):
    policy = signed_in(bob).get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy


def test_a_page_costs_the_same_at_any_size(
    signed_in, alice, bob, everyone, fill, django_assert_num_queries
):
    client = signed_in(bob)
    services.sending.send(sender=alice, to=["bob"])
    client.get("/")
    for size in (10, 10_000):
        fill(selectors.boxes.own_box(bob), size)
        # Session, person, box, idle sync, lines, first words, full names, unread counts.
        with django_assert_num_queries(8):
            assert client.get("/").status_code == HTTPStatus.OK


@pytest.mark.parametrize(
    "path", ["/folder-%00/", "/compose/complete/?q=%00", "/compose/recipients/?names=%00,a"]
)
def test_a_nul_finds_nothing(signed_in, bob, path):
    assert signed_in(bob).get(path).status_code == HTTPStatus.NOT_FOUND


def test_a_form_that_is_too_old_says_so_in_our_look(bob):
    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    page = client.post("/density/", {"density": "roomy"})
    assert page.status_code == HTTPStatus.FORBIDDEN
    assert "This page is too old" in page.text
    assert "opost.css" in page.text
