"""Everything that a search finds, in one action."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mail import selectors, services
from mail.models import DeliveredPost, User
from mail.selectors.selection import some

from .conftest import ROOT

ACTIONS = {
    "mark-read": {},
    "flag": {},
    "move": {"to": "bob:archive"},
    "delete": {},
}


@pytest.fixture(autouse=True)
def posts(alice, bob):
    """Three that are found, one of them in the archive, and one that is not."""
    for subject in ("needle 1", "needle 2", "other", "needle 3"):
        services.sending.send(sender=alice, to=["bob"], subject=subject)
    services.mailbox.move(
        selection=some(selectors.boxes.own_box(bob), [1]),
        to=selectors.boxes.own_box(bob, "archive"),
    )


def subjects(user: User, folder: str = "", **wanted) -> list[str]:
    rows = DeliveredPost.objects.filter(box=selectors.boxes.own_box(user, folder), **wanted)
    return list(rows.order_by("uid").values_list("subject", flat=True))


def test_marking(as_, bob):
    api = as_(bob)
    answer = api.post("actions/mark-read", {"q": "needle is:unread"})
    assert answer.json() == {"changed": 3}
    assert subjects(bob, read_at=None) == ["other"]
    answer = api.post("actions/mark-read", {"q": "needle in:archive", "is_read": False})
    assert answer.json() == {"changed": 1}
    assert subjects(bob, "archive", read_at=None) == ["needle 1"]


def test_flagging(as_, bob):
    api = as_(bob)
    assert api.post("actions/flag", {"q": "needle"}).json() == {"changed": 3}
    answer = api.post("actions/flag", {"q": "is:flagged", "is_flagged": False})
    assert answer.json() == {"changed": 3}


def test_moving(as_, bob):
    data = {"q": "needle", "to": f"{ROOT}boxes/bob:archive"}
    assert as_(bob).post("actions/move", data).json() == {"changed": 2, "posts": []}
    assert sorted(subjects(bob, "archive")) == ["needle 1", "needle 2", "needle 3"]


def test_deleting_leaves_the_trash_alone_unless_asked(as_, bob):
    services.mailbox.trash(selection=some(selectors.boxes.own_box(bob), [2]), owner=bob)
    api = as_(bob)
    assert api.post("actions/delete", {"q": "needle"}).json() == {"changed": 2}
    assert subjects(bob, "trash") == ["needle 2"]
    assert api.post("actions/delete", {"q": "in:trash"}).json() == {"changed": 1}
    assert subjects(bob) == ["other"]


def test_what_was_not_seen_stays(as_, bob):
    box = selectors.boxes.own_box(bob)
    seen = [f"{ROOT}delivered-posts/{box.pk}.2", f"{box.pk}.1"]
    answer = as_(bob).post("actions/mark-read", {"q": "needle", "seen": seen})
    assert answer.json() == {"changed": 1}
    assert subjects(bob, read_at=None) == ["other", "needle 3"]
    answer = as_(bob).post("actions/mark-read", {"q": "needle", "seen": []})
    assert answer.json() == {"changed": 0}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("q", ["", "  ", "\t\n", "\xa0"])
def test_something_must_be_looked_for(as_, bob, problem, action, q):
    answer = as_(bob).post(f"actions/{action}", {"q": q} | ACTIONS[action])
    problem(answer, 400, code="search-invalid", field="q")
    assert subjects(bob, read_at=None, flags=None) == ["needle 2", "other", "needle 3"]


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(
    ("data", "status", "field"),
    [
        ({}, 400, "posts"),
        ({"q": None}, 400, "posts"),
        ({"posts": [1]}, 400, "box"),
        ({"q": "needle", "up_to": 1}, 400, "posts"),
        ({"q": "needle", "seen": 1}, 422, "seen"),
        ({"q": "needle", "seen": ["1.1"] * 1001}, 422, "seen"),
        ({"q": "needle", "x": 1}, 422, "x"),
        ({"q": "is:new"}, 400, "q"),
        ({"q": "in:attic"}, 400, "q"),
        ({"q": "x" * 501}, 400, "q"),
        ({"q": "needle", "seen": ["x"]}, 400, "seen"),
        ({"q": "needle", "seen": ["0.1"]}, 400, "seen"),
        (
            {"q": "needle", "seen": ["https://other.example/postapi/delivered-posts/1.1"]},
            400,
            "seen",
        ),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(
    as_, bob, problem, action, data, status, field
):
    problem(as_(bob).post(f"actions/{action}", data | ACTIONS[action]), status, field=field)
    assert subjects(bob, read_at=None, flags=None) == ["needle 2", "other", "needle 3"]


def test_only_to_ones_own_boxes(as_, bob, problem):
    for to in ("alice", "alice:archive", "nobody"):
        answer = as_(bob).post("actions/move", {"q": "needle", "to": to})
        problem(answer, 400, field="to")
    assert len(subjects(bob)) == 3


@pytest.mark.parametrize("action", ACTIONS)
def test_a_stranger_changes_nothing(as_, bob, charlie, action):
    data = {"q": "needle"} | ACTIONS[action]
    if "to" in data:
        data["to"] = "charlie:archive"
    assert as_(charlie).post(f"actions/{action}", data).json()["changed"] == 0
    assert len(subjects(bob, read_at=None, flags=None)) == 3


@pytest.mark.parametrize("action", ACTIONS)
def test_signed_out_and_wrong_method(signed_out, as_, bob, problem, action):
    problem(signed_out.post(f"actions/{action}", {"q": "needle"} | ACTIONS[action]), 401)
    answer = as_(bob).get(f"actions/{action}")
    problem(answer, 405)
    assert answer.headers["Allow"] == "POST, OPTIONS"


@pytest.mark.parametrize("action", ACTIONS)
def test_many_cost_what_few_do(as_, bob, fill, action):
    api, counts, box = as_(bob), [], selectors.boxes.own_box(bob)
    api.get("")  # notes the token's use
    for number in (2, 800):
        fill(box, number)
        data = {"q": "in:inbox is:unread -is:flagged"} | ACTIONS[action]
        with CaptureQueriesContext(connection) as queries:
            assert api.post(f"actions/{action}", data).json()["changed"] >= number
        counts.append(len(queries))
    assert counts[0] == counts[1]
