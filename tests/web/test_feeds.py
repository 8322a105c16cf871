"""What a group receives from others and passes on, on its page."""

from http import HTTPStatus

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mail import selectors, services
from mail.models import Box

ACTIONS = ["add-source", "remove-source"]


@pytest.fixture
def board(alice) -> Box:
    return services.groups.create(name="Board", by=alice)


def test_a_group_receives_from_another_until_it_is_removed(
    signed_in, alice, bob, crew, board, subjects
):
    client = signed_in(alice)
    page = client.post("/groups/crew/add-source/", {"source": "board"}, follow=True)
    assert "From now on crew receives what is posted to Board." in page.text
    assert page.context["sources"] == [board]
    assert 'href="/groups/Board/"' in page.text
    page = client.get("/groups/Board/")
    assert page.context["targets"] == [crew]
    assert "Passes on to" in page.text
    services.sending.send(sender=alice, to=["board"], subject="down")
    page = client.post("/groups/crew/remove-source/", {"source": "Board"}, follow=True)
    assert "crew no longer receives what is posted to Board." in page.text
    assert page.context["sources"] == []
    services.sending.send(sender=alice, to=["board"], subject="not down")
    assert subjects(bob) == ["down"]


def test_everyone_sees_it_and_only_managers_change_it(signed_in, alice, bob, crew, everyone, board):
    services.groups.subscribe(source=everyone, target=crew, by=alice)
    services.groups.subscribe(source=crew, target=board, by=alice)
    page = signed_in(bob).get("/groups/crew/")
    assert page.context["sources"] == [everyone]
    assert 'href="/groups/Board/"' in page.text
    assert "-source/" not in page.text
    services.groups.create(name="other", by=alice)
    assert "Receives from" not in signed_in(bob).get("/groups/other/").text
    page = signed_in(alice).get("/groups/other/")
    assert "Only what is posted to this group itself." in page.text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "This field is required."),
        ("nemo", "No group is called “nemo”. Name one that you manage, or everyone."),
        ("bob", "No group is called “bob”. Name one that you manage, or everyone."),
        ("crew", "“crew” already feeds “crew”"),
        ("Board", "“crew” already feeds “Board”"),
        ("Everyone", "“crew” already receives what is posted to “everyone”."),
        ("bobs", "Only a manager of “bobs” may do this."),
    ],
)
def test_what_cannot_be_a_source_comes_back_at_the_field(
    signed_in, alice, bob, crew, board, everyone, typed, said
):
    services.groups.subscribe(source=everyone, target=crew, by=alice)
    services.groups.subscribe(source=crew, target=board, by=alice)
    services.groups.create(name="bobs", by=bob)
    page = signed_in(alice).post("/groups/crew/add-source/", {"source": typed})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    (error,) = page.context["feed"].errors["source"]
    assert said in error
    tag = next(tag for tag in page.text.split("<") if 'id="id_source"' in tag)
    assert f'value="{typed}"' in tag or not typed
    assert 'aria-describedby="id_source_error"' in tag
    assert "autofocus" in tag
    assert page.context["sources"] == [everyone]


def test_offered_is_what_one_manages_and_is_no_source_yet(
    signed_in, alice, bob, crew, board, everyone
):
    services.groups.create(name="bobs", by=bob)
    page = signed_in(alice).get("/groups/crew/")
    assert list(page.context["offered_sources"]) == ["Board", "everyone"]
    services.groups.subscribe(source=everyone, target=crew, by=alice)
    page = signed_in(alice).get("/groups/crew/")
    assert list(page.context["offered_sources"]) == ["Board"]


def test_many_come_by_pages_at_the_same_cost(signed_in, alice, crew):
    client, costs = signed_in(alice), []
    made = [f"g{n:03}" for n in range(selectors.mailbox.PAGE + 5)]
    for some in (made[:2], made[2:]):
        for name in some:
            box = Box.objects.get(group=Group.objects.create(name=name))
            box.managers.add(alice)
            services.groups.subscribe(source=box, target=crew, by=alice)
            other = Box.objects.get(group=Group.objects.create(name=f"to {name}"))
            other.managers.add(alice)
            services.groups.subscribe(source=crew, target=other, by=alice)
        client.get("/groups/crew/")
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/groups/crew/")
        costs.append(len(queries))
    assert costs[0] == costs[1]
    for which, prefix in (("sources", ""), ("targets", "to ")):
        more = page.context[f"more_{which}"]
        rest = client.get("/groups/crew/", {which: more}).context[which]
        assert [box.name for box in rest] == [
            prefix + name for name in made[selectors.mailbox.PAGE :]
        ]


@pytest.mark.parametrize("action", ACTIONS)
def test_strangers_and_members_change_nothing(signed_in, bob, charlie, crew, everyone, action):
    for user in (bob, charlie):
        client = signed_in(user)
        for source in ("everyone", "nemo"):
            answer = client.post(f"/groups/crew/{action}/", {"source": source})
            assert answer.status_code == HTTPStatus.FORBIDDEN
    assert not crew.subscriptions.exists()


@pytest.mark.parametrize("action", ACTIONS)
def test_a_group_that_is_not_there_signed_out_and_wrong_method(
    signed_in, client, alice, crew, action
):
    assert client.post(f"/groups/crew/{action}/").status_code == HTTPStatus.FOUND
    client = signed_in(alice)
    for name in ("none", "alice", "everyone"):
        answer = client.post(f"/groups/{name}/{action}/", {"source": "everyone"})
        assert answer.status_code == HTTPStatus.NOT_FOUND
    answer = client.get(f"/groups/crew/{action}/")
    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_what_is_no_source_changes_nothing(signed_in, alice, crew, board):
    client = signed_in(alice)
    answer = client.post("/groups/crew/remove-source/", {"source": "board"})
    assert answer.status_code == HTTPStatus.FOUND
    for action in ACTIONS:
        for source in ("nemo", "\0", "x" * 1000, "alice", ""):
            answer = client.post(f"/groups/crew/{action}/", {"source": source})
            assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_staff_who_manage_by_permission_may_add(signed_in, staff, crew, board):
    signed_in(staff).post("/groups/crew/add-source/", {"source": "board"})
    assert selectors.groups.sources(crew) == ([board], "")
