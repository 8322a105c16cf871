import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mail import selectors, services
from mail.models import DeliveredPost, Flag, Post, Submission, User
from mail.selectors.selection import some, up_to

from .conftest import ROOT


def uids(user: User, folder: str = "") -> list[int]:
    rows = DeliveredPost.objects.filter(box=selectors.boxes.own_box(user, folder))
    return sorted(rows.values_list("uid", flat=True))


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
        services.people.import_users(users=people)
        to = [f"{ROOT}boxes/{user.username}" for user in people]

        problem(as_(alice).post("actions/deliver", {"to": [*to, "nobody"]}), 400, field="to")
        assert not Post.objects.exists()
        answer = as_(alice).post("actions/deliver", {"to": to, "body": "x" * 200_000})
        assert len(answer.json()["posts"]) == 10_000
        assert DeliveredPost.objects.count() == 10_001  # with alice's own in sent

    def test_forwarding_marks_ones_own_copy(self, as_, alice, bob, hello, problem):
        row = DeliveredPost.objects.get(box=selectors.boxes.own_box(bob))
        data = {"to": ["alice"], "forwarded": f"{ROOT}posts/{row.post_id}"}
        assert as_(bob).post("actions/deliver", data).status_code == 200
        row.refresh_from_db()
        assert row.flags == ["$Forwarded"]
        data = {"to": ["alice"], "forwarded": str(Post.objects.latest("pk").thread)}
        services.sending.recall(post=Post.objects.latest("pk"), by=bob)
        answer = as_(bob).post("actions/deliver", data)
        problem(answer, 400, code="forwarded-unknown", field="forwarded")

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
        services.mailbox.store_flags(selection=up_to(selectors.boxes.own_box(bob)), add=[Flag.SEEN])
        services.mailbox.delete(selection=some(selectors.boxes.own_box(bob), [1]))
        services.groups.delete(box=crew, by=alice)

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

    def test_costs_the_same_for_any_number(self, as_, alice, bob):
        services.people.import_users(users=[User(username=f"u{n}") for n in range(500)])
        api = as_(alice)
        api.get("")
        counts = []
        for number in (2, 500):
            with CaptureQueriesContext(connection) as captured:
                api.post("actions/deliver", {"to": [f"u{n}" for n in range(number)]})
            counts.append(len(captured))
        # The token, the boxes, the sender's own; the post, by what it is found, its submission and
        # recipients, in a transaction; who is pending, the delivery, what came of it for each and
        # in all, whether it was recalled meanwhile; what
        # to answer, and files.
        assert counts == [16, 16]


class TestAudience:
    def test_works(self, as_, alice, bob, crew):
        data = {"boxes": [f"{ROOT}boxes/crew", "BOB", "nobody", "bob:sent"]}
        shown = as_(alice).post("actions/audience", data).json()
        assert shown["people"] == 2  # bob once
        assert [box["box"] for box in shown["boxes"]] == [
            f"{ROOT}boxes/{n}" for n in ("crew", "bob")
        ]
        assert [box["size"] for box in shown["boxes"]] == [2, 1]
        assert shown["unknown"] == ["nobody", "bob:sent"]

    @pytest.mark.parametrize(
        ("data", "status", "field"),
        [
            ({}, 422, "boxes"),
            ({"boxes": "bob"}, 422, "boxes"),
            ({"boxes": [""]}, 422, "boxes.0"),
            ({"boxes": ["x"] * 1001}, 422, "boxes"),
            ({"boxes": ["https://other.example/postapi/boxes/bob"]}, 400, "boxes"),
        ],
    )
    def test_bad_input_names_the_field(self, as_, alice, problem, data, status, field):
        problem(as_(alice).post("actions/audience", data), status, field=field)

    def test_costs_the_same_at_any_size(self, as_, alice, django_assert_num_queries):
        api = as_(alice)
        api.get("")  # notes the token's use
        for size in (2, 30):
            services.people.import_users(users=[User(username=f"u{size}x{n}") for n in range(size)])
            for n in range(size):
                services.groups.create(name=f"g{size}x{n}", by=alice)
            boxes = [f"{kind}{size}x{n}" for kind in "ug" for n in range(size)]
            with django_assert_num_queries(3):  # the token, the boxes, their sizes
                answer = api.post("actions/audience", {"boxes": boxes})
            assert len(answer.json()["boxes"]) == 2 * size


class TestMove:
    def test_works(self, as_, alice, bob, hello):
        api = as_(bob)
        data = {"box": "bob", "posts": [hello, 99], "to": f"{ROOT}boxes/bob:archive"}
        answer = api.post("actions/move", data)
        assert answer.status_code == 200
        (url,) = answer.json()["posts"]
        assert answer.json()["changed"] == 1
        assert api.get(url).json()["box"] == f"{ROOT}boxes/bob:archive"
        assert api.get(hello).status_code == 404

    def test_all_up_to_one(self, as_, bob, fill):
        box = selectors.boxes.own_box(bob)
        fill(box, 5)
        up_to = f"{ROOT}delivered-posts/{box.pk}.3"
        data = {"box": "bob", "up_to": up_to, "to": "bob:archive"}
        answer = as_(bob).post("actions/move", data)
        assert answer.json() == {"changed": 3, "posts": []}
        assert uids(bob) == [4, 5]
        assert uids(bob, "archive") == [1, 2, 3]

    def test_only_between_ones_own(self, as_, alice, bob, crew, hello, problem):
        data = {"box": "bob", "posts": [1], "to": "crew"}
        problem(as_(bob).post("actions/move", data), 400, field="to")
        problem(as_(alice).post("actions/move", data | {"to": "alice"}), 400, field="box")
        problem(as_(bob).post("actions/move", data | {"posts": ["0.1"], "to": "bob"}), 400)
        up_to = {"box": "bob", "up_to": 1, "to": "crew"}
        problem(as_(bob).post("actions/move", up_to), 400, field="to")

    @pytest.mark.parametrize("chosen", [{}, {"posts": [1], "up_to": 1}])
    def test_either_some_or_all_up_to_one(self, as_, bob, hello, problem, chosen):
        data = {"box": "bob", "to": "bob:archive"} | chosen
        problem(as_(bob).post("actions/move", data), 400, code="ambiguous", field="posts")
        assert uids(bob) == [1]


class TestDelete:
    def test_some_or_all_up_to_one(self, as_, bob, fill):
        box, api = selectors.boxes.own_box(bob), as_(bob)
        fill(box, 6)
        up_to = f"{ROOT}delivered-posts/{box.pk}.3"
        assert api.post("actions/delete", {"box": "bob", "posts": [2, 6, 99]}).json() == {
            "changed": 2
        }
        assert api.post("actions/delete", {"box": "bob", "up_to": up_to}).json() == {"changed": 2}
        assert uids(bob) == [4, 5]
        assert Post.objects.count() == 6

    @pytest.mark.parametrize(
        ("data", "status", "field"),
        [
            ({"box": "bob"}, 400, "posts"),
            ({"box": "bob", "posts": [1], "up_to": 1}, 400, "posts"),
            ({"box": "bob", "posts": []}, 422, "posts"),
            ({"box": "bob", "up_to": "0.1"}, 400, "up_to"),
            ({"box": "alice", "posts": [1]}, 400, "box"),
            ({"box": "crew", "up_to": 9}, 400, "box"),
            ({"posts": [1]}, 400, "box"),
        ],
    )
    def test_bad_input_names_the_field_and_deletes_nothing(
        self, as_, bob, crew, hello, problem, data, status, field
    ):
        problem(as_(bob).post("actions/delete", data), status, field=field)
        assert uids(bob) == [1]


class TestEmptyTrash:
    def test_works_up_to_what_one_has_seen(self, as_, bob, fill):
        box, api = selectors.boxes.own_box(bob), as_(bob)
        fill(box, 4)
        services.mailbox.trash(selection=some(box, [1, 2, 3]), owner=bob)
        trash = selectors.boxes.own_box(bob, "trash")
        up_to = f"{ROOT}delivered-posts/{trash.pk}.2"
        assert api.post("actions/empty-trash", {"up_to": up_to}).json() == {"changed": 2}
        assert uids(bob, "trash") == [3]
        assert uids(bob) == [4]
        assert api.post("actions/empty-trash", {"up_to": 99}).json() == {"changed": 1}

    @pytest.mark.parametrize(
        ("data", "status"), [({}, 422), ({"up_to": "0.1"}, 400), ({"up_to": None}, 422)]
    )
    def test_bad_input_names_the_field(self, as_, bob, problem, data, status):
        problem(as_(bob).post("actions/empty-trash", data), status, field="up_to")


class TestFlag:
    def flagged(self, bob: User) -> list[int]:
        lines = selectors.mailbox.page(selectors.boxes.own_box(bob)).rows
        return sorted(line.uid for line in lines if line.is_flagged)

    def test_many(self, as_, bob, fill):
        box, api = selectors.boxes.own_box(bob), as_(bob)
        fill(box, 3)
        posts = [f"{ROOT}delivered-posts/{box.pk}.1", 3, 99]
        answer = api.post("actions/flag", {"box": "bob", "posts": posts})
        assert answer.json() == {"changed": 2}
        assert self.flagged(bob) == [1, 3]
        data = {"box": f"{ROOT}boxes/bob", "posts": [2, 3], "is_flagged": False}
        assert api.post("actions/flag", data).json() == {"changed": 1}
        assert self.flagged(bob) == [1]

    @pytest.mark.parametrize(
        ("data", "status", "field"),
        [
            ({"box": "bob"}, 400, "posts"),
            ({"box": "bob", "posts": []}, 422, "posts"),
            ({"box": "bob", "posts": ["0.1"]}, 400, "posts"),
            ({"box": "bob", "posts": [1], "is_flagged": None}, 422, "is_flagged"),
            ({"box": "alice", "posts": [1]}, 400, "box"),
        ],
    )
    def test_bad_input_names_the_field_and_changes_nothing(
        self, as_, bob, hello, problem, data, status, field
    ):
        problem(as_(bob).post("actions/flag", data), status, field=field)
        assert self.flagged(bob) == []


class TestMarkRead:
    @pytest.fixture(autouse=True)
    def posts(self, alice, bob):
        for _ in range(4):
            services.sending.send(sender=alice, to=["bob"])

    def unread(self, bob: User) -> list[int]:
        rows = DeliveredPost.objects.filter(box=selectors.boxes.own_box(bob), read_at=None)
        return sorted(rows.values_list("uid", flat=True))

    def test_one_many_or_all_up_to_one(self, as_, bob):
        api, box = as_(bob), selectors.boxes.own_box(bob)
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
            ({"posts": [1]}, 400),
        ],
    )
    def test_bad_input_changes_nothing(self, as_, bob, problem, data, status):
        problem(as_(bob).post("actions/mark-read", data), status)
        assert self.unread(bob) == [1, 2, 3, 4]


class TestSync:
    def test_works(self, as_, alice, bob, crew):
        services.sending.send(sender=alice, to=["crew"])
        assert as_(bob).post("actions/sync", {"box": f"{ROOT}boxes/bob"}).status_code == 204
        assert DeliveredPost.objects.filter(box=selectors.boxes.own_box(bob)).count() == 1

    def test_only_ones_own(self, as_, bob, alice, crew, problem):
        for box in ("alice", "crew", "nobody"):
            problem(as_(bob).post("actions/sync", {"box": box}), 400, field="box")


@pytest.mark.parametrize(
    ("action", "data"),
    [
        ("mark-read", {}),
        ("flag", {}),
        ("move", {"to": "bob:archive"}),
        ("delete", {}),
        ("empty-trash", {"up_to": 0}),
    ],
)
def test_many_cost_what_one_costs(as_, bob, fill, action, data):
    fill(selectors.boxes.own_box(bob), 800)
    api, counts = as_(bob), []
    api.get("")  # notes the token's use
    for chosen in ([1], list(range(2, 800))):
        given = {"box": "bob", "posts": chosen} if action != "empty-trash" else {}
        with CaptureQueriesContext(connection) as queries:
            assert api.post(f"actions/{action}", given | data).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


ACTIONS = ["deliver", "audience", "sync", "move", "mark-read", "flag", "delete", "empty-trash"]


@pytest.mark.parametrize("action", ACTIONS)
def test_signed_out_and_wrong_method(signed_out, as_, bob, problem, action):
    problem(signed_out.post(f"actions/{action}", {}), 401)
    answer = as_(bob).get(f"actions/{action}")
    problem(answer, 405)
    assert answer.headers["Allow"] == "POST, OPTIONS"
