import pytest

from mail import selectors, services
from mail.models import DeliveredPost, Post, Submission, User

from .conftest import ROOT


class TestDeliver:
    def test_works(self, as_, alice, bob, charlie, crew, subjects):
        answer = as_(alice).post(
            "actions/deliver",
            {
                "to": [f"{ROOT}boxes/bob", f"{ROOT}boxes/crew", "bob"],
                "cc": ["charlie"],
                "subject": "hi",
                "body": "x",
            },
        )
        assert answer.status_code == 200
        boxes = [row["box"] for row in answer.json()["posts"]]
        assert sorted(boxes) == [f"{ROOT}boxes/{name}" for name in ("bob", "charlie", "crew")]
        assert len({row["post"] for row in answer.json()["posts"]}) == 1
        assert subjects(bob) == subjects(charlie) == ["hi"]
        assert subjects(alice, "sent") == ["hi"]

    def test_an_unknown_box_stops_all(self, as_, alice, bob, problem):
        data = {"to": [f"{ROOT}boxes/bob", f"{ROOT}boxes/nobody"]}
        problem(as_(alice).post("actions/deliver", data), 400, code="unknown-recipient", field="to")
        assert not Post.objects.exists()

    def test_ten_thousand_boxes(self, as_, alice, problem):
        people = [User(username=f"user{n}", password="!") for n in range(10_000)]
        services.import_users(users=people)
        to = [f"{ROOT}boxes/{user.username}" for user in people]

        problem(as_(alice).post("actions/deliver", {"to": [*to, "nobody"]}), 400, field="to")
        assert not Post.objects.exists()
        answer = as_(alice).post("actions/deliver", {"to": to, "body": "x" * 200_000})
        assert len(answer.json()["posts"]) == 10_000
        assert DeliveredPost.objects.count() == 10_001  # with alice's own in sent

    def test_what_may_be_seen_but_not_done_is_403(self, as_, alice, bob, crew, problem):
        crew.post_policy = "managers"
        crew.save()
        answer = as_(bob).post("actions/deliver", {"to": ["crew"]})
        assert "crew" in problem(answer, 403, code="posting-not-allowed", field="to")["detail"]
        problem(as_(bob).post("actions/deliver", {"to": ["everyone"]}), 403)

    def test_the_same_key_sends_once(self, as_, alice, bob, subjects, problem):
        api, data = as_(alice), {"to": ["bob"], "subject": "once"}
        first = api.post("actions/deliver", data, headers={"Idempotency-Key": "k1"})
        again = api.post("actions/deliver", data, headers={"Idempotency-Key": "k1"})
        assert first.json() == again.json()
        assert subjects(bob) == ["once"]
        other = api.post(
            "actions/deliver", data | {"subject": "x"}, headers={"Idempotency-Key": "k1"}
        )
        problem(other, 422, code="idempotency-key-reused", field="Idempotency-Key")
        api.post("actions/deliver", data, headers={"Idempotency-Key": "k2"})
        as_(bob).post("actions/deliver", data, headers={"Idempotency-Key": "k1"})
        assert len(subjects(bob)) == 3

    def test_a_repetition_is_answered_as_the_first_was(self, as_, alice, bob, crew, problem):
        api, data = as_(alice), {"to": ["bob", "crew"], "subject": "once"}
        first = api.post("actions/deliver", data, headers={"Idempotency-Key": "k"})
        services.mark_read(box=selectors.own_box(bob), uids=None)
        services.delete(box=selectors.own_box(bob), uids=[1])
        services.delete_group(box=crew, by=alice)

        again = api.post("actions/deliver", data, headers={"Idempotency-Key": "k"})
        assert again.status_code == 200
        assert again.json() == first.json()
        other = api.post("actions/deliver", {"to": ["nobody"]}, headers={"Idempotency-Key": "k"})
        problem(other, 422, code="idempotency-key-reused")

    def test_a_key_is_kept_for_a_day(self, as_, alice, bob, subjects):
        from datetime import timedelta

        api, data = as_(alice), {"to": ["bob"]}
        for hours in (23, 25):
            api.post("actions/deliver", data, headers={"Idempotency-Key": "k"})
            row = Submission.objects.latest("pk")
            Submission.objects.filter(pk=row.pk).update(
                created=row.created - timedelta(hours=hours)
            )
        api.post("actions/deliver", data, headers={"Idempotency-Key": "k"})
        assert len(subjects(bob)) == 2

    @pytest.mark.parametrize("key", ["x" * 256, "a\tb"])
    def test_keys_that_are_none(self, as_, alice, bob, problem, key):
        answer = as_(alice).post(
            "actions/deliver", {"to": ["bob"]}, headers={"Idempotency-Key": key}
        )
        assert answer.status_code in (400, 422)
        assert not Post.objects.exists()

    @pytest.mark.parametrize(
        ("data", "status", "field"),
        [
            ({}, 400, "to"),
            ({"to": []}, 400, "to"),
            ({"to": "bob"}, 422, "to"),
            ({"to": [7]}, 422, "to.0"),
            ({"to": [""]}, 422, "to.0"),
            ({"to": ["https://other.example/postapi/boxes/bob"]}, 400, "to"),
            ({"to": ["http://testserver/postapi/users/bob"]}, 400, "to"),
            ({"to": ["bob"], "cc": ["nobody"]}, 400, "cc"),
            ({"to": ["bob:sent"]}, 400, "to"),
            ({"to": ["bob"], "subject": "a\r\nBcc: all"}, 400, "subject"),
            ({"to": ["bob"], "body": "\0"}, 400, "body"),
            ({"to": ["bob"] * 20_001}, 400, "to"),
            ({"to": ["bob"], "from": "alice"}, 422, "from"),
        ],
    )
    def test_bad_input_names_the_field_and_sends_nothing(
        self, as_, alice, bob, problem, data, status, field
    ):
        problem(as_(alice).post("actions/deliver", data), status, field=field)
        assert not Post.objects.exists()

    def test_costs_the_same_for_any_number(self, as_, alice, bob, django_assert_num_queries):
        services.import_users(users=[User(username=f"u{n}") for n in range(500)])
        api = as_(alice)
        api.get("")
        counts = []
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        for number in (2, 500):
            with CaptureQueriesContext(connection) as captured:
                api.post("actions/deliver", {"to": [f"u{n}" for n in range(number)]})
            counts.append(len(captured))
        assert counts[0] == counts[1]


class TestMove:
    def test_works(self, as_, alice, bob, hello):
        api = as_(bob)
        data = {"box": "bob", "posts": [hello, 99], "to": f"{ROOT}boxes/bob:archive"}
        answer = api.post("actions/move", data)
        assert answer.status_code == 200
        (url,) = answer.json()["posts"]
        assert api.get(url).json()["box"] == f"{ROOT}boxes/bob:archive"
        assert api.get(hello).status_code == 404

    def test_only_between_ones_own(self, as_, alice, bob, crew, hello, problem):
        data = {"box": "bob", "posts": [1], "to": "crew"}
        problem(as_(bob).post("actions/move", data), 400, field="to")
        problem(as_(alice).post("actions/move", data | {"to": "alice"}), 400, field="box")
        problem(as_(bob).post("actions/move", data | {"posts": ["0.1"], "to": "bob"}), 400)


class TestMarkRead:
    @pytest.fixture(autouse=True)
    def posts(self, alice, bob):
        for _ in range(4):
            services.send(sender=alice, to=["bob"])

    def unread(self, bob: User) -> list[int]:
        rows = DeliveredPost.objects.filter(box=selectors.own_box(bob), read_at=None)
        return sorted(rows.values_list("uid", flat=True))

    def test_one_many_or_all_up_to_one(self, as_, bob):
        api, box = as_(bob), selectors.own_box(bob)
        answer = api.post("actions/mark-read", {"box": "bob", "posts": [4]})
        assert answer.json() == {"changed": 1}
        assert self.unread(bob) == [1, 2, 3]
        up_to = f"{ROOT}delivered-posts/{box.pk}.2"
        answer = api.post("actions/mark-read", {"box": f"{ROOT}boxes/bob", "up_to": up_to})
        assert answer.json() == {"changed": 2}
        assert self.unread(bob) == [3]
        answer = api.post("actions/mark-read", {"box": "bob", "up_to": 99, "is_read": False})
        assert answer.json() == {"changed": 3}

    @pytest.mark.parametrize(
        ("data", "status"),
        [
            ({"box": "bob"}, 400),
            ({"box": "bob", "posts": [1], "up_to": 1}, 400),
            ({"box": "bob", "posts": []}, 422),
            ({"box": "bob", "posts": [-1]}, 400),
            ({"box": "bob", "posts": [10**30]}, 400),
            ({"box": "bob", "posts": list(range(1001))}, 422),
            ({"box": "alice", "posts": [1]}, 400),
            ({"posts": [1]}, 422),
        ],
    )
    def test_bad_input_changes_nothing(self, as_, bob, problem, data, status):
        problem(as_(bob).post("actions/mark-read", data), status)
        assert self.unread(bob) == [1, 2, 3, 4]


class TestSync:
    def test_works(self, as_, alice, bob, crew):
        services.send(sender=alice, to=["crew"])
        assert as_(bob).post("actions/sync", {"box": f"{ROOT}boxes/bob"}).status_code == 204
        assert DeliveredPost.objects.filter(box=selectors.own_box(bob)).count() == 1

    def test_only_ones_own(self, as_, bob, alice, crew, problem):
        for box in ("alice", "crew", "nobody"):
            problem(as_(bob).post("actions/sync", {"box": box}), 400, field="box")


@pytest.mark.parametrize("action", ["deliver", "sync", "move", "mark-read"])
def test_signed_out_and_wrong_method(signed_out, as_, bob, problem, action):
    problem(signed_out.post(f"actions/{action}", {}), 401)
    answer = as_(bob).get(f"actions/{action}")
    problem(answer, 405)
    assert answer.headers["Allow"] == "POST, OPTIONS"
