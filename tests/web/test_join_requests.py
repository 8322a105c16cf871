"""Asking to join a group in the browser, and what its managers answer."""

from http import HTTPStatus

import pytest

from mail import selectors, services
from mail.models import Box, User


@pytest.fixture
def board(alice) -> Box:
    return services.groups.create(name="board", by=alice, join_policy=Box.JoinPolicy.MANAGER)


def test_ask_withdraw_ask_again_and_be_accepted(signed_in, alice, bob, board):
    asker, manager = signed_in(bob), signed_in(alice)
    assert "Ask to join" in asker.get("/groups/board/").text
    assert "You have asked to join" in asker.post("/groups/board/ask/", follow=True).text
    assert "Ask to join" in asker.post("/groups/board/withdraw/", follow=True).text
    asker.post("/groups/board/ask/")
    assert "asked to join" in asker.get("/groups/").text

    assert "1 request<" in manager.get("/groups/").text
    assert "1 person asks to join" in manager.get("/groups/board/").text
    page = manager.post("/groups/board/accept/", {"person": "bob"}, follow=True)
    assert "asks to join" not in page.text
    assert "/groups/board/leave/" in asker.get("/groups/board/").text


def test_who_was_refused_may_ask_again(signed_in, alice, bob, board):
    services.memberships.ask(box=board, user=bob)
    signed_in(alice).post("/groups/board/refuse/", {"person": "bob"})
    page = signed_in(bob).get("/groups/board/")
    assert "Ask to join" in page.text
    assert not bob.groups.exists()


def test_who_asks_is_told_to_managers_only(signed_in, bob, charlie, board):
    for user in (bob, charlie):
        services.memberships.ask(box=board, user=user)
    client = signed_in(bob)
    assert "charlie" not in client.get("/groups/board/").text
    assert "request<" not in client.get("/groups/").text


def test_many_requests_cost_no_more(
    signed_in, alice, bob, charlie, board, django_assert_num_queries
):
    client = signed_in(alice)
    for user in (bob, charlie):
        services.memberships.ask(box=board, user=user)
        client.get("/groups/board/")
        # Session, person; group, size, memberships, managed, requests, muted; own box, idle sync;
        # members, subscription; managers, who asks; sources, targets, offered sources.
        with django_assert_num_queries(17):
            client.get("/groups/board/")


def test_many_requests_come_by_pages(signed_in, alice, board):
    names = [f"u{n:03}" for n in range(selectors.mailbox.PAGE + 5)]
    services.people.import_users(users=[User(username=name) for name in names])
    for user in User.objects.filter(username__in=names).order_by("username"):
        services.memberships.ask(box=board, user=user)
    client = signed_in(alice)
    page = client.get("/groups/board/")
    assert "More requests" in page.text
    seen = [each.user.username for each in page.context["requests"]]
    page = client.get("/groups/board/", {"asking": page.context["more_requests"]})
    assert "More requests" not in page.text
    assert "55 people ask to join" in page.text
    assert seen + [each.user.username for each in page.context["requests"]] == names
    for odd in ("x", "-1", str(10**30), "\u0663"):
        assert client.get("/groups/board/", {"asking": odd}).status_code == HTTPStatus.OK
