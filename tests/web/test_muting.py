"""Muting in the browser."""

from http import HTTPStatus

import pytest

from mail import selectors, services
from mail.models import Post

HTMX = {"HX-Request": "true"}


@pytest.fixture
def post(alice, bob, crew) -> Post:
    """What alice wrote to the crew, as bob's first."""
    post = services.sending.send(sender=alice, to=["crew"], subject="first").post
    services.mailbox.sync(box=selectors.boxes.own_box(bob))
    return post


def test_mute_a_conversation_and_mute_it_no_more(signed_in, bob, post):
    client = signed_in(bob)
    assert "/inbox/1/mute/" in client.get("/inbox/1/").text
    page = client.post("/inbox/1/mute/", follow=True)
    assert "Muted: what comes in this conversation arrives read." in page.text
    assert "/inbox/1/unmute/" in page.text
    assert selectors.muting.is_muted(bob, post.thread)

    page = client.post("/inbox/1/unmute/", follow=True)
    assert "/inbox/1/mute/" in page.text
    assert not selectors.muting.is_muted(bob, post.thread)


def test_the_other_button_and_a_word_by_htmx(signed_in, bob, post):
    client = signed_in(bob)
    muted = client.post("/inbox/1/mute/", headers=HTMX).text
    assert "/inbox/1/unmute/" in muted
    assert "arrives read" in muted
    assert "/inbox/1/mute/" in client.post("/inbox/1/unmute/", headers=HTMX).text


@pytest.mark.parametrize("what", ["mute", "unmute"])
def test_of_a_post_that_one_does_not_have_is_404(signed_in, bob, post, what):
    assert signed_in(bob).post(f"/inbox/2/{what}/").status_code == HTTPStatus.NOT_FOUND


def test_mute_a_group_and_mute_it_no_more(signed_in, alice, bob, crew):
    client = signed_in(bob)
    assert "/groups/crew/mute/" in client.get("/groups/crew/").text
    page = client.post("/groups/crew/mute/", follow=True)
    assert "arrives in your inbox read" in page.text
    assert "muted" in client.get("/groups/").text
    assert "muted" not in signed_in(alice).get("/groups/").text
    page = client.post("/groups/crew/unmute/", follow=True)
    assert "/groups/crew/mute/" in page.text


@pytest.mark.parametrize("what", ["mute", "unmute"])
def test_of_a_group_that_one_is_not_in_is_refused(signed_in, charlie, crew, what):
    client = signed_in(charlie)
    assert "/groups/crew/mute/" not in client.get("/groups/crew/").text
    assert client.post(f"/groups/crew/{what}/").status_code == HTTPStatus.FORBIDDEN
    assert client.post(f"/groups/none/{what}/").status_code == HTTPStatus.NOT_FOUND
