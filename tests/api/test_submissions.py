import json
from datetime import datetime

import pytest

from mail import selectors, services
from mail.models import Box, Submission

from .conftest import ROOT

DELIVERED = {
    "state": "delivered",
    "attempts": 1,
    "next_attempt_at": None,
    "code": "",
    "error": "",
}


def test_works(as_, alice, bob, crew):
    submission = services.sending.send(sender=alice, to=["bob", "crew"])
    api = as_(alice)
    (listed,) = api.get("submissions").json()
    shown = api.get(listed["url"]).json()
    assert shown["state"] == "delivered"
    assert shown["post"] == f"{ROOT}posts/{submission.post_id}"
    assert shown["recipients"] == [
        DELIVERED | {"box": f"{ROOT}boxes/bob"},
        DELIVERED | {"box": f"{ROOT}boxes/crew"},
    ]
    assert shown | {"recipients": None} == listed | {"recipients": None}


def test_says_what_came_of_each_recipient(as_, alice, bob, charlie):
    submission = services.sending.send(sender=alice, to=["bob", "charlie"])
    to_bob = submission.recipients.filter(box=selectors.boxes.own_box(bob))
    to_bob.update(state="pending", code="unavailable", detail="no room")
    (waiting, there) = as_(alice).get(f"submissions/{submission.pk}").json()["recipients"]
    assert (waiting["state"], there["state"]) == ("pending", "delivered")
    to_bob.update(state="failed", code="gone")
    charlie.delete()

    text = as_(alice).get(f"submissions/{submission.pk}").content.decode()
    failed, delivered = json.loads(text)["recipients"]
    said = "There is no such box any more."
    assert failed == DELIVERED | {
        "box": f"{ROOT}boxes/bob",
        "state": "failed",
        "code": "gone",
        "error": said,
    }
    assert delivered == DELIVERED | {"box": None}
    assert "no room" not in text  # for operators only
    assert not Box.objects.filter(name="charlie").exists()


def test_a_stranger_gets_404(as_, alice, bob, problem):
    submission = services.sending.send(sender=alice, to=["bob"])
    problem(as_(bob).get(f"submissions/{submission.pk}"), 404)
    assert as_(bob).get("submissions").json() == []


def test_unknown_signed_out_and_wrong_method(as_, alice, signed_out, problem):
    for key in ("x", "-1", "99", str(10**30)):
        problem(as_(alice).get(f"submissions/{key}"), 404)
    problem(signed_out.get("submissions"), 401)
    problem(as_(alice).post("submissions", {}), 405)


def test_pages(as_, alice, bob, problem, django_assert_num_queries):
    for _ in range(3):
        services.sending.send(sender=alice, to=["bob"])
    api = as_(alice)
    first = api.get("submissions?limit=2")
    second = api.get(first.headers["Link"].partition(">")[0].strip("<"))
    assert len({row["url"] for row in [*first.json(), *second.json()]}) == 3
    problem(api.get("submissions?cursor=eA"), 400, field="cursor")


class TestUndo:
    @pytest.fixture
    def sent(self, alice, bob) -> Submission:
        return services.sending.send(
            sender=alice, to=["bob"], bcc=["alice"], subject="oops", body="*x*"
        )

    def test_gives_the_draft_each_time(self, as_, alice, bob, sent, subjects):
        api = as_(alice)
        until = api.get(f"submissions/{sent.pk}").json()["undo_until"]
        assert datetime.fromisoformat(until) == sent.created + services.sending.UNDO_FOR
        answer = api.post(f"submissions/{sent.pk}/undo")
        assert answer.status_code == 200
        draft = answer.json()
        assert (draft["subject"], draft["body"], draft["version"]) == ("oops", "*x*", 1)
        assert (draft["to"], draft["bcc"]) == ([f"{ROOT}boxes/bob"], [f"{ROOT}boxes/alice"])
        assert api.get(draft["url"]).json() == draft
        assert api.post(f"submissions/{sent.pk}/undo").json() == draft
        assert subjects(bob) == subjects(alice) == []

        again = api.post(f"{draft['url']}/send").json()
        assert len(again["posts"]) == 2
        assert subjects(bob) == ["oops"]

    def test_after_a_while_it_is_too_late(self, as_, alice, bob, sent, subjects, problem):
        Submission.objects.update(created=sent.created - 2 * services.sending.UNDO_FOR)
        answer = as_(alice).post(f"submissions/{sent.pk}/undo")
        problem(answer, 409, code="undo-too-late")
        assert subjects(bob) == ["oops"]

    def test_what_was_recalled_is_not_found(self, as_, alice, sent, problem):
        services.sending.recall(post=sent.post, by=alice)
        problem(as_(alice).post(f"submissions/{sent.pk}/undo"), 404)

    def test_a_stranger_gets_404(self, as_, bob, staff, sent, subjects, problem):
        for other in (bob, staff):
            problem(as_(other).post(f"submissions/{sent.pk}/undo"), 404)
        assert subjects(bob) == ["oops"]

    def test_unknown_signed_out_and_wrong_method(self, as_, alice, sent, signed_out, problem):
        for key in ("x", "-1", str(2**60), str(10**30)):
            problem(as_(alice).post(f"submissions/{key}/undo"), 404)
        problem(signed_out.post(f"submissions/{sent.pk}/undo"), 401)
        answer = as_(alice).get(f"submissions/{sent.pk}/undo")
        problem(answer, 405)
        assert answer.headers["Allow"] == "POST, OPTIONS"
