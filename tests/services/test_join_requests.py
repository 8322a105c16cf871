from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from mail import errors, selectors, services
from mail.models import Box, JoinRequest, Subscription


@pytest.fixture
def board(alice) -> Box:
    return services.groups.create(name="board", by=alice, join_policy=Box.JoinPolicy.MANAGER)


def test_accepting_joins_from_that_moment(alice, bob, board, subjects):
    services.memberships.ask(box=board, user=bob)
    services.sending.send(sender=alice, to=["board"], subject="before")
    services.memberships.accept(box=board, user=bob, by=alice)
    services.sending.send(sender=alice, to=["board"], subject="after")

    assert subjects(bob) == ["after"]
    assert not JoinRequest.objects.exists()


def test_each_may_be_repeated(alice, bob, board):
    for _ in range(2):
        services.memberships.ask(box=board, user=bob)
    assert [row.user for row in selectors.groups.join_requests(board)[0]] == [bob]
    for _ in range(2):
        services.memberships.accept(box=board, user=bob, by=alice)
    services.memberships.refuse(box=board, user=bob, by=alice)
    services.memberships.refuse(box=board, user=bob, by=bob)
    services.memberships.ask(box=board, user=bob)  # a member has nothing to ask

    assert bob.groups.contains(board.group)
    assert not JoinRequest.objects.exists()


@pytest.mark.parametrize("undo", ["withdraw", "refuse"])
def test_who_asks_no_more_is_not_joined(alice, bob, board, undo):
    services.memberships.ask(box=board, user=bob)
    if undo == "withdraw":
        services.memberships.refuse(box=board, user=bob, by=bob)
    else:
        services.memberships.refuse(box=board, user=bob, by=alice)
    services.memberships.accept(box=board, user=bob, by=alice)
    assert not bob.groups.exists()


def test_joining_from_anywhere_answers_the_request(bob, board):
    services.memberships.ask(box=board, user=bob)
    bob.groups.add(board.group)
    assert not JoinRequest.objects.exists()


def test_a_deleted_group_has_no_requests(bob, alice, board):
    services.memberships.ask(box=board, user=bob)
    services.groups.delete(box=board, by=alice)
    assert not JoinRequest.objects.exists()
    board.refresh_from_db()
    with pytest.raises(errors.NotFound):
        services.memberships.ask(box=board, user=bob)


@pytest.mark.parametrize("answer", [services.memberships.accept, services.memberships.refuse])
def test_only_managers_answer(bob, charlie, board, answer):
    services.memberships.ask(box=board, user=bob)
    with pytest.raises(errors.ManagingNotAllowed):
        answer(box=board, user=bob, by=charlie)
    assert JoinRequest.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_asked_and_accepted_by_many_at_once(alice, bob, board):
    def at_once(do) -> None:
        def run(_: int) -> None:
            try:
                do()
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(run, range(8)))

    at_once(lambda: services.memberships.ask(box=board, user=bob))
    assert JoinRequest.objects.count() == 1
    at_once(lambda: services.memberships.accept(box=board, user=bob, by=alice))
    assert Subscription.objects.filter(source=board).count() == 1
    assert not JoinRequest.objects.exists()
