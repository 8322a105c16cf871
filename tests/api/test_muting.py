"""Groups and conversations that arrive read, by program."""

from uuid import uuid4

import pytest

from mail import selectors, services
from mail.models import Subscription

from .conftest import ROOT


@pytest.fixture
def thread(alice, bob) -> str:
    return str(services.sending.send(sender=alice, to=["bob"], subject="x").post.thread)


def test_mute_a_conversation_and_mute_it_no_more(as_, alice, bob, thread, problem):
    api = as_(bob)
    made = api.post("muted-threads", {"thread": thread})
    assert made.status_code == 201
    url = f"{ROOT}muted-threads/{thread}"
    assert (made.json()["url"], made.headers["Location"]) == (url, url)
    problem(api.post("muted-threads", {"thread": thread}), 400, code="already-muted")
    assert api.get("muted-threads").json() == [made.json()] == [api.get(url).json()]
    assert as_(alice).get("muted-threads").json() == []

    services.sending.send(sender=alice, to=["bob"], subject="y", in_reply_to=made.json()["thread"])
    rows = api.get("delivered-posts?boxname=bob").json()
    assert [(row["subject"], row["is_read"]) for row in rows] == [("y", True), ("x", False)]

    assert api.delete(url).status_code == 204
    problem(api.delete(url), 404)
    problem(api.get(url), 404)


def test_what_is_no_conversation_of_one_s_own(as_, charlie, thread, problem):
    for given in (thread, str(uuid4())):
        answer = as_(charlie).post("muted-threads", {"thread": given})
        problem(answer, 400, code="thread-unknown", field="thread")
    problem(as_(charlie).post("muted-threads", {"thread": "x"}), 422)
    problem(as_(charlie).get("muted-threads/x"), 404)


def test_pages(as_, alice, bob):
    threads = [services.sending.send(sender=alice, to=["bob"]).post.thread for _ in range(3)]
    for one in threads:
        services.muting.mute_thread(user=bob, thread=one)
    first = as_(bob).get("muted-threads?limit=2")
    second = as_(bob).get(first.headers["Link"].partition("<")[2].partition(">")[0])
    found = [row["thread"] for row in (*first.json(), *second.json())]
    assert found == [str(one) for one in reversed(threads)]
    assert "Link" not in second.headers


def test_mute_a_group_and_mute_it_no_more(as_, alice, bob, crew):
    url = f"subscriptions/{selectors.boxes.own_box(bob).pk}.{crew.pk}"
    assert as_(bob).get(url).json()["muted"] is False
    assert as_(bob).patch(url, {"muted": True}).json()["muted"] is True
    assert as_(bob).patch(url, {}).json()["muted"] is True
    services.sending.send(sender=alice, to=["crew"], subject="x")
    assert as_(bob).get("delivered-posts?boxname=bob").json()[0]["is_read"] is True
    assert as_(bob).patch(url, {"muted": False}).json()["muted"] is False


def test_everyone_and_what_a_group_receives_cannot_be_muted(as_, alice, crew, everyone, problem):
    services.groups.subscribe(source=everyone, target=crew, by=alice)
    own = selectors.boxes.own_box(alice)
    for target in (own, crew):
        url = f"subscriptions/{target.pk}.{everyone.pk}"
        answer = as_(alice).patch(url, {"watermark": 0, "muted": True})
        problem(answer, 403, code="muting-not-allowed")
    problem(as_(alice).patch(url, {"muted": "yes"}), 422)
    assert not Subscription.objects.filter(muted=True).exists()
