"""Asking to join a group, by program, and groups that nobody can leave."""

import re

import pytest

from mail import services
from mail.models import Box, JoinRequest, User

from .conftest import ROOT


@pytest.fixture
def board(alice) -> Box:
    return services.groups.create(name="board", by=alice, join_policy=Box.JoinPolicy.MANAGER)


def test_ask_and_be_accepted(as_, alice, bob, board):
    path = "boxes/board/join-requests"
    for _ in range(2):
        assert as_(bob).post(path).status_code == 204
    asking = as_(alice).get(path).json()
    assert [one["username"] for one in asking] == ["bob"]
    for _ in range(2):
        assert as_(alice).post(f"{path}/bob/accept").status_code == 204
    assert bob.groups.contains(board.group)
    assert as_(alice).get(path).json() == []


def test_withdraw_and_refuse(as_, alice, bob, charlie, board, problem):
    path = "boxes/board/join-requests"
    for user in (bob, charlie):
        as_(user).post(path)
    problem(as_(bob).delete(f"{path}/charlie"), 403, code="managing-not-allowed")
    assert as_(bob).delete(f"{path}/bob").status_code == 204
    assert as_(alice).delete(f"{path}/charlie").status_code == 204
    as_(alice).post(f"{path}/bob/accept")
    assert not bob.groups.exists()


def test_people_are_told_of_their_own_request_alone(as_, alice, bob, charlie, board):
    path = "boxes/board/join-requests"
    as_(charlie).post(path)
    assert as_(bob).get(path).json() == []
    as_(bob).post(path)
    asked = JoinRequest.objects.get(user=bob).created.isoformat().replace("+00:00", "Z")
    shown = {"username": "bob", "name": "", "asked": asked}
    assert as_(bob).get(path).json() == [
        {"url": f"{ROOT}users/bob", "box": f"{ROOT}boxes/bob"} | shown
    ]
    asking = as_(alice).get(path).json()
    assert [one["username"] for one in asking] == ["charlie", "bob"]


def test_those_who_have_waited_longest_come_first_page_by_page(as_, alice, board, problem):
    services.people.import_users(users=[User(username=f"u{n}") for n in range(5)])
    for n in (3, 1, 4, 0, 2):
        services.memberships.ask(box=board, user=User.objects.get(username=f"u{n}"))
    api, path, seen = as_(alice), "/postapi/boxes/board/join-requests?limit=2", []
    while path:
        answer = api.get(path)
        seen.append([one["username"] for one in answer.json()])
        found = re.search("<(.*)>", answer.headers.get("Link", ""))
        path = found[1] if found else ""
    assert seen == [["u3", "u1"], ["u4", "u0"], ["u2"]]
    answer = api.get("boxes/board/join-requests?cursor=YWJj")
    problem(answer, 400, code="cursor-invalid", field="cursor")


def test_of_what_is_no_group_is_404(as_, bob, alice, problem):
    for name in ("alice", "everyone", "nothing"):
        problem(as_(bob).post(f"boxes/{name}/join-requests"), 404)


def test_nobody_leaves_a_mandatory_group(as_, alice, bob, staff, crew, problem):
    Box.objects.filter(pk=crew.pk).update(mandatory=True)
    assert as_(bob).get("boxes/crew").json()["mandatory"] is True
    for user in (bob, alice):  # a member, and a manager
        problem(as_(user).delete("boxes/crew/members/bob"), 403, code="leaving-not-allowed")
    assert bob.groups.exists()
    assert as_(staff).delete("boxes/crew/members/bob").status_code == 204
    assert not bob.groups.exists()


def test_many_members_at_once_or_none(as_, alice, bob, charlie, crew, problem):
    path = "boxes/crew/members"
    answer = as_(alice).post(path, {"people": ["charlie", "nobody", "NONE"]})
    problem(answer, 400, code="unknown-recipient", field="people")
    assert "nobody" in answer.text
    problem(as_(alice).post(path, {"people": []}), 400, code="no-recipients", field="people")
    assert not charlie.groups.exists()
    assert as_(alice).post(path, {"people": ["CHARLIE", "bob", "bob"]}).status_code == 204
    assert {one["username"] for one in as_(bob).get(path).json()} == {"alice", "bob", "charlie"}
