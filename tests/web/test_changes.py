"""Mark read, mark unread and delete: alike but for what they do."""

from http import HTTPStatus

import pytest

from mail import selectors, services

PATHS = ["/inbox/mark-read/", "/inbox/mark-unread/", "/inbox/delete/"]


@pytest.fixture(autouse=True)
def posts(alice, bob):
    for n in range(3):
        services.send(sender=alice, to=["bob", "charlie"][: 1 + (n > 5)], subject=f"s{n}")


def test_marking_works_as_a_plain_form(signed_in, bob):
    client = signed_in(bob)
    answer = client.post("/inbox/mark-read/", {"uid": [1, 2]})
    assert answer.headers["Location"] == "/inbox/"
    assert selectors.unread_counts(bob) == {"": 1}
    client.post("/inbox/mark-unread/", {"uid": 2})
    assert selectors.unread_counts(bob) == {"": 2}


def test_marking_through_htmx_swaps_the_lines_and_the_count(signed_in, bob):
    answer = signed_in(bob).post("/inbox/mark-read/", {"uid": 1}, headers={"HX-Request": "true"})
    assert 'hx-target="#line-1"' in answer.text
    assert 'hx-target="#folders"' in answer.text
    assert 'class="line unread"' not in answer.text


def test_deleting_moves_to_the_trash_and_out_of_it_for_good(signed_in, bob, subjects):
    client = signed_in(bob)
    page = client.post("/inbox/delete/", {"uid": [1, 3]}, follow=True)
    assert "2 posts are in the trash." in page.text
    assert subjects(bob, "trash") == ["s2", "s0"]

    page = client.post("/trash/delete/", {"uid": 1}, follow=True)
    assert "1 post deleted." in page.text
    assert subjects(bob, "trash") == ["s2"]
    assert subjects(bob) == ["s1"]


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_changes_nothing(signed_in, charlie, bob, path):
    signed_in(charlie).post(path, {"uid": 1})
    assert selectors.unread_counts(bob) == {"": 3}


@pytest.mark.parametrize("path", PATHS)
def test_signed_out(client, path, bob):
    assert client.post(path, {"uid": 1}).status_code == HTTPStatus.FOUND
    assert selectors.unread_counts(bob) == {"": 3}


@pytest.mark.parametrize("path", PATHS)
def test_wrong_method(signed_in, bob, path):
    assert signed_in(bob).get(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("uid", [None, "x", "-1", str(10**30), "1e3", "\u0661"])
@pytest.mark.parametrize("path", PATHS)
def test_bad_input_changes_nothing_and_says_so(signed_in, bob, path, uid):
    answer = signed_in(bob).post(path, {} if uid is None else {"uid": uid})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "Choose at least one post." in answer.text


def test_without_a_token_nothing_is_done(bob):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(bob)
    assert client.post("/inbox/delete/", {"uid": 1}).status_code == HTTPStatus.FORBIDDEN
