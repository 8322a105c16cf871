from mail import selectors, services
from mail.models import Box

from .conftest import ROOT


def test_works(as_, alice, bob, crew):
    submission = services.send(sender=alice, to=["bob", "crew"])
    api = as_(alice)
    (listed,) = api.get("submissions").json()
    shown = api.get(listed["url"]).json()
    assert shown["state"] == "delivered"
    assert shown["post"] == f"{ROOT}posts/{submission.post_id}"
    assert shown["recipients"] == [
        {"box": f"{ROOT}boxes/bob", "state": "delivered", "error": ""},
        {"box": f"{ROOT}boxes/crew", "state": "delivered", "error": ""},
    ]
    assert shown | {"recipients": None} == listed | {"recipients": None}


def test_says_what_came_of_each_recipient(as_, alice, bob, charlie):
    submission = services.send(sender=alice, to=["bob", "charlie"])
    box = selectors.own_box(bob)
    submission.state, submission.errors = "failed", {str(box.pk): "no room"}
    submission.save()
    charlie.delete()

    recipients = as_(alice).get(f"submissions/{submission.pk}").json()["recipients"]
    assert {"box": f"{ROOT}boxes/bob", "state": "failed", "error": "no room"} in recipients
    assert {"box": None, "state": "delivered", "error": ""} in recipients
    assert not Box.objects.filter(name="charlie").exists()


def test_a_stranger_gets_404(as_, alice, bob, problem):
    submission = services.send(sender=alice, to=["bob"])
    problem(as_(bob).get(f"submissions/{submission.pk}"), 404)
    assert as_(bob).get("submissions").json() == []


def test_unknown_signed_out_and_wrong_method(as_, alice, signed_out, problem):
    for key in ("x", "-1", "99", str(10**30)):
        problem(as_(alice).get(f"submissions/{key}"), 404)
    problem(signed_out.get("submissions"), 401)
    problem(as_(alice).post("submissions", {}), 405)


def test_pages(as_, alice, bob, problem, django_assert_num_queries):
    for _ in range(3):
        services.send(sender=alice, to=["bob"])
    api = as_(alice)
    first = api.get("submissions?limit=2")
    second = api.get(first.headers["Link"].partition(">")[0].strip("<"))
    assert len({row["url"] for row in [*first.json(), *second.json()]}) == 3
    problem(api.get("submissions?cursor=eA"), 400, field="cursor")
