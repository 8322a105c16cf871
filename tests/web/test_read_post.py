from http import HTTPStatus

import pytest

from mail import selectors, services


@pytest.fixture
def post(alice, bob):
    return services.send(sender=alice, to=["bob"], subject="hello", body="**hi**").post


def test_works(signed_in, bob, post):
    page = signed_in(bob).get("/inbox/1/")
    assert "<strong>hi</strong>" in page.text
    assert "<html" in page.text


def test_htmx_gets_the_pane_alone(signed_in, bob, post):
    page = signed_in(bob).get("/inbox/1/", headers={"HX-Request": "true"})
    assert page.text.strip().startswith("<section")
    assert "<html" not in page.text


def test_reading_by_get_marks_nothing(signed_in, bob, post):
    signed_in(bob).get("/inbox/1/")
    assert selectors.unread_counts(bob) == {"": 1}


@pytest.mark.parametrize("path", ["/inbox/1/", "/inbox/999999999999999999/", "/sent/1/"])
def test_a_stranger_gets_404(signed_in, charlie, post, path):
    assert signed_in(charlie).get(path).status_code == HTTPStatus.NOT_FOUND


def test_a_number_beyond_any_uid_is_404(signed_in, bob):
    assert signed_in(bob).get(f"/inbox/{10**30}/").status_code == HTTPStatus.NOT_FOUND


def test_a_recalled_post_is_404(signed_in, alice, bob, post):
    services.recall(post=post, by=alice)
    assert signed_in(bob).get("/inbox/1/").status_code == HTTPStatus.NOT_FOUND


def test_signed_out(client, post):
    assert client.get("/inbox/1/").status_code == HTTPStatus.FOUND


def test_wrong_method(signed_in, bob, post):
    assert signed_in(bob).post("/inbox/1/").status_code == HTTPStatus.METHOD_NOT_ALLOWED
