from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from mail import selectors, services
from mail.models import Subscription

from .conftest import ROOT


def _to(rows, box):
    return next(row for row in rows if row["source"] == f"{ROOT}boxes/{box}")


def test_works(as_, alice, bob, crew):
    services.sending.send(sender=alice, to=["crew"])
    api = as_(bob)
    row = _to(api.get("subscriptions").json(), "crew")
    assert row["target"] == f"{ROOT}boxes/bob"
    assert row["watermark"] is None
    assert row["id"] == f"{selectors.boxes.own_box(bob).pk}.{crew.pk}"

    assert api.post("actions/sync", {"box": f"{ROOT}boxes/bob"}).status_code == 204
    served = api.get(row["url"]).json()
    assert served["watermark"] == f"{ROOT}delivered-posts/{crew.pk}.1"


def test_subscribing_joins(as_, charlie, crew, problem):
    api = as_(charlie)
    data = {"source": f"{ROOT}boxes/crew", "target": f"{ROOT}boxes/charlie"}
    answer = api.post("subscriptions", data)
    assert answer.status_code == 201
    assert answer.headers["Location"] == answer.json()["url"]
    assert charlie.groups.get().name == "crew"
    problem(api.post("subscriptions", data), 400, code="already-subscribed")
    problem(api.post("subscriptions", {"source": "everyone"}), 400, code="already-subscribed")

    assert api.delete(answer.json()["url"]).status_code == 204
    assert not charlie.groups.exists()
    assert api.post("subscriptions", {"source": "crew"}).status_code == 201


def test_groups_feed_groups(as_, alice, bob, crew, problem):
    other = services.groups.create(name="other", by=alice)
    api = as_(alice)
    answer = api.post("subscriptions", {"source": "other", "target": "crew"})
    assert answer.status_code == 201
    data = {"source": "crew", "target": "other"}
    problem(api.post("subscriptions", data), 400, code="closes-circle")
    problem(as_(bob).post("subscriptions", {"source": "crew", "target": "other"}), 403)
    problem(as_(bob).get(answer.json()["url"]), 404)
    assert api.delete(answer.json()["url"]).status_code == 204
    assert not Subscription.objects.filter(source=other, target=crew).exists()


def test_other_peoples_boxes_are_no_target(as_, alice, bob, crew, problem):
    problem(as_(alice).post("subscriptions", {"source": "crew", "target": "bob"}), 403)
    problem(as_(alice).post("subscriptions", {"source": "bob"}), 404)


def test_nobody_leaves_everyone(as_, bob, problem):
    row = _to(as_(bob).get("subscriptions").json(), "everyone")
    problem(as_(bob).delete(row["url"]), 403, code="leaving-not-allowed")


def test_a_watermark_moves_forward_only(as_, alice, bob, crew, subjects, problem):
    for n in range(3):
        services.sending.send(sender=alice, to=["crew"], subject=str(n))
    api = as_(bob)
    url = _to(api.get("subscriptions").json(), "crew")["url"]
    mark = f"{ROOT}delivered-posts/{crew.pk}.2"

    assert api.patch(url, {"watermark": mark}).json()["watermark"] == mark
    problem(api.patch(url, {"watermark": 1}), 400, code="watermark-invalid", field="watermark")
    problem(api.patch(url, {"watermark": 4}), 400, code="watermark-invalid")
    other = f"{ROOT}delivered-posts/{crew.pk + 1}.3"
    problem(api.patch(url, {"watermark": other}), 400, code="reference-invalid")
    assert subjects(bob) == ["2"]


def test_a_stranger_gets_404(as_, bob, charlie, crew, problem):
    url = _to(as_(bob).get("subscriptions").json(), "crew")["url"]
    problem(as_(charlie).get(url), 404)
    problem(as_(charlie).patch(url, {"watermark": 0}), 404)
    problem(as_(charlie).delete(url), 404)


def test_signed_out(signed_out, problem, db):
    problem(signed_out.get("subscriptions"), 401)
    problem(signed_out.post("subscriptions", {"source": "x"}), 401)


def test_wrong_method(as_, bob, problem):
    problem(as_(bob).put("subscriptions", {}), 405)


@pytest.mark.parametrize(
    ("data", "status", "field"),
    [
        ({}, 422, "source"),
        ({"source": "nobody"}, 400, "source"),
        ({"source": "https://other.example/postapi/boxes/crew"}, 400, "source"),
        ({"source": f"{ROOT}posts/1"}, 400, "source"),
        ({"source": "crew", "target": "nobody"}, 400, "target"),
        ({"source": 7}, 422, "source"),
    ],
)
def test_bad_input_names_the_field(as_, charlie, crew, problem, data, status, field):
    problem(as_(charlie).post("subscriptions", data), status, field=field)


def test_costs_the_same_at_any_size(as_, alice, django_assert_num_queries):
    api = as_(alice)
    api.get("")  # notes the token's use
    for size in (3, 30):
        for n in range(size):
            box = services.groups.create(name=f"g{size}x{n}", by=alice)
            services.memberships.join(box=box, user=alice, by=alice)
        with django_assert_num_queries(2):  # the token, the subscriptions
            api.get("subscriptions?limit=200")


def _statuses(calls) -> list[int]:
    start = Barrier(len(calls))

    def run(call):
        try:
            start.wait(30)
            return call().status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as threads:
        return sorted(threads.map(run, calls))


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_makes_the_subscription(as_, alice, charlie, crew):
    apis = [as_(charlie) for _ in range(8)]
    for _ in range(3):
        calls = [lambda api=api: api.post("subscriptions", {"source": "crew"}) for api in apis]
        assert _statuses(calls) == [201] + [400] * 7
        assert charlie.groups.count() == 1
        services.memberships.leave(box=crew, user=charlie, by=charlie)

    services.groups.create(name="other", by=alice)
    managers, data = [as_(alice) for _ in range(8)], {"source": "other", "target": "crew"}
    calls = [lambda api=api: api.post("subscriptions", data) for api in managers]
    assert _statuses(calls) == [201] + [400] * 7
