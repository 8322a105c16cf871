from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import pytest

from mail import selectors, services
from mail.models import DeliveredPost, Flag, Post, User
from mail.selectors.selection import some

from .conftest import ROOT


def test_works(as_, alice, bob, hello):
    api = as_(bob)
    (shown,) = api.get("delivered-posts").json()
    row = DeliveredPost.objects.get(box=selectors.boxes.own_box(bob))
    assert shown["url"] == hello
    assert shown["id"] == str(row)
    assert shown["box"] == f"{ROOT}boxes/bob"
    assert shown["post"] == f"{ROOT}posts/{row.post_id}"
    assert (shown["sender"], shown["sender_url"]) == ("alice", f"{ROOT}users/alice")
    assert shown["subject"] == "hello"
    assert shown["is_read"] is shown["is_flagged"] is shown["is_answered"] is False
    assert shown["delivered"].endswith("Z")
    assert shown["created"] <= shown["delivered"]
    assert api.get(hello).json() == shown
    assert api.get(shown["post"]).status_code == 200


def test_lists_serve_the_groups(as_, alice, bob, crew):
    services.sending.send(sender=alice, to=["crew"], subject="through the crew")
    assert [row["subject"] for row in as_(bob).get("delivered-posts").json()] == [
        "through the crew"
    ]


def post_of(user: User, uid: int) -> UUID:
    return DeliveredPost.objects.get(box=selectors.boxes.own_box(user), uid=uid).post_id


def test_filters(as_, alice, bob, charlie):
    for sender, subject in ((alice, "1"), (charlie, "2"), (alice, "3")):
        services.sending.send(sender=sender, to=["bob"], subject=subject)
    services.sending.send(sender=bob, to=["alice"], subject="sent")
    services.mailbox.store_flags(selection=some(selectors.boxes.own_box(bob), [3]), add=[Flag.SEEN])
    services.mailbox.store_flags(
        selection=some(selectors.boxes.own_box(bob), [1]), add=[Flag.FLAGGED]
    )
    services.sending.send(sender=bob, to=["charlie"], in_reply_to=post_of(bob, 2), subject="re")
    middle = DeliveredPost.objects.get(box=selectors.boxes.own_box(bob), uid=2)
    api = as_(bob)

    def subjects(query: str) -> list[str]:
        answer = api.get(f"delivered-posts?{query}")
        assert answer.status_code == 200, answer.content
        return [row["subject"] for row in answer.json()]

    assert subjects("") == ["re", "sent", "3", "2", "1"]
    assert subjects("boxname=bob") == ["3", "2", "1"]
    assert subjects("boxname=BOB:sent") == ["re", "sent"]
    assert subjects(f"boxname={ROOT}boxes/bob:sent") == ["re", "sent"]
    assert subjects("sender=alice") == ["3", "1"]
    assert subjects(f"sender={ROOT}users/charlie") == ["2"]
    assert subjects("boxname=bob&is_read=false") == ["2", "1"]
    assert subjects("boxname=bob&is_read=true") == ["3"]
    assert subjects("boxname=bob&is_flagged=true") == subjects("is_flagged=true") == ["1"]
    assert subjects("boxname=bob&is_flagged=false") == ["3", "2"]  # 2 has a flag, but another
    moment = quote(middle.delivered.isoformat())
    assert subjects(f"boxname=bob&start={moment}") == ["3", "2"]
    assert subjects(f"boxname=bob&end={moment}") == ["1"]
    assert subjects(f"thread={middle.post_id}") == ["re", "2"]


@pytest.mark.parametrize("query", ["boxname=bob", ""])
def test_pages_by_the_link_header_miss_nothing_and_repeat_nothing(as_, alice, bob, query):
    for n in range(5):
        services.sending.send(sender=bob, to=["bob"], subject=str(n))  # in the inbox and in sent
    api, url, found = as_(bob), f"delivered-posts?{query}&limit=2", []
    while url:
        answer = api.get(url)
        found += [row["url"] for row in answer.json()]
        assert len(answer.json()) <= 2
        url = answer.headers.get("Link", "").partition(">")[0].strip("<")
    assert len(found) == len(set(found)) == (5 if query else 10)


def test_marking(as_, alice, bob, hello):
    api = as_(bob)
    answer = api.patch(hello, {"is_read": True})
    assert answer.status_code == 200
    assert answer.json()["is_read"] is True
    assert api.patch(hello, {"is_read": False}).json()["is_read"] is False


def test_flagging_leaves_the_read_mark_alone(as_, alice, bob, hello):
    api = as_(bob)
    marked = api.patch(hello, {"is_flagged": True}).json()
    assert (marked["is_flagged"], marked["is_read"]) == (True, False)
    marked = api.patch(hello, {"is_flagged": False, "is_read": True}).json()
    assert (marked["is_flagged"], marked["is_read"]) == (False, True)


def test_what_was_answered_says_so(as_, alice, bob, hello):
    as_(bob).post("actions/deliver", {"to": ["alice"], "in_reply_to": str(post_of(bob, 1))})
    assert as_(bob).get(hello).json()["is_answered"] is True


def test_deleting_is_personal(as_, alice, bob, hello, problem, subjects):
    api = as_(bob)
    assert api.delete(hello).status_code == 204
    problem(api.get(hello), 404)
    problem(api.delete(hello), 404)
    assert subjects(alice, "sent") == ["hello"]


def test_a_list_that_is_known_is_not_read_again(as_, alice, bob, hello, django_assert_num_queries):
    api = as_(bob)
    tag = api.get("delivered-posts?boxname=bob").headers["ETag"]
    with django_assert_num_queries(3):  # the token, the box with its counter, nothing pending
        answer = api.get("delivered-posts?boxname=bob", headers={"If-None-Match": tag})
    assert answer.status_code == 304
    assert answer.content == b""

    services.mailbox.store_flags(selection=some(selectors.boxes.own_box(bob), [1]), add=[Flag.SEEN])
    answer = api.get("delivered-posts?boxname=bob", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


def test_one_that_is_known_is_not_sent_again(as_, bob, hello):
    api = as_(bob)
    tag = api.get(hello).headers["ETag"]
    assert api.get(hello, headers={"If-None-Match": f"W/{tag}"}).status_code == 304
    api.patch(hello, {"is_read": True})
    assert api.get(hello, headers={"If-None-Match": tag}).status_code == 200


def test_a_stranger_gets_404(as_, alice, charlie, hello, problem):
    for user in (alice, charlie):  # its sender is a stranger to the copy, too
        api = as_(user)
        problem(api.get(hello), 404)
        problem(api.patch(hello, {"is_read": True}), 404)
        problem(api.delete(hello), 404)
    problem(as_(charlie).get("delivered-posts?boxname=bob"), 404)
    assert as_(charlie).get("delivered-posts").json() == []


def test_signed_out(signed_out, hello, problem):
    problem(signed_out.get("delivered-posts"), 401)
    problem(signed_out.get(hello), 401)
    problem(signed_out.patch(hello, {"is_read": True}), 401)
    problem(signed_out.delete(hello), 401)


def test_wrong_method(as_, bob, hello, problem):
    answer = as_(bob).put(hello, {"is_read": True})
    problem(answer, 405)
    assert answer.headers["Allow"] == "GET, PATCH, DELETE, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({}, "body"),
        ({"is_read": None}, "is_read"),
        ({"is_read": "maybe"}, "is_read"),
        ({"is_read": True, "is_flagged": None}, "is_flagged"),
        ({"is_flagged": 1}, "is_flagged"),
        ({"is_read": True, "subject": "x"}, "subject"),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(as_, bob, hello, problem, data, field):
    problem(as_(bob).patch(hello, data), 422, field=field)
    assert not DeliveredPost.objects.get(box=selectors.boxes.own_box(bob)).is_read


@pytest.mark.parametrize(
    "key", ["x", "1", "1.", ".1", "1.1.1", "-1.1", "1.-1", f"{10**30}.1", f"1.{2**63}", "٣.1"]
)
def test_ids_that_are_none(as_, bob, problem, key):
    problem(as_(bob).get(f"delivered-posts/{quote(key)}"), 404)


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("is_read=maybe", 422, "is_read"),
        ("is_flagged=maybe", 422, "is_flagged"),
        ("start=yesterday", 422, "start"),
        ("thread=x", 422, "thread"),
        ("cursor=eA", 400, "cursor"),
        ("sender=https://other.example/users/bob", 400, "sender"),
        ("boxname=https://other.example/postapi/boxes/bob", 400, "boxname"),
    ],
)
def test_bad_queries_name_the_parameter(as_, bob, problem, query, status, field):
    problem(as_(bob).get(f"delivered-posts?{query}"), status, field=field)


def test_costs_the_same_at_any_size(as_, bob, fill, django_assert_num_queries):
    api = as_(bob)
    api.get("")  # notes the token's use
    for size in (10, 2000):
        fill(selectors.boxes.own_box(bob), size)
        # The token, the box, nothing pending, the rows, their posts' times and files.
        with django_assert_num_queries(6):
            assert len(api.get("delivered-posts?boxname=bob&limit=10").json()) == 10


def test_a_post_that_is_being_recalled_ends_no_list(as_, alice, bob):
    for n in range(5):
        services.sending.send(sender=alice, to=["bob"], subject=str(n))
    hidden = DeliveredPost.objects.get(box=selectors.boxes.own_box(bob), uid=4)
    Post.objects.filter(pk=hidden.post_id).update(recalled=hidden.delivered)

    api, url, found = as_(bob), "delivered-posts?boxname=bob&limit=2", []
    while url:
        answer = api.get(url)
        found += [row["subject"] for row in answer.json()]
        url = answer.headers.get("Link", "").partition(">")[0].strip("<")
    assert found == ["4", "2", "1", "0"]


class TestSearch:
    def test_finds_and_filters_further(self, as_, alice, bob):
        for subject in ("one", "two"):
            services.sending.send(sender=alice, to=["bob"], subject=subject, body="the needle")
        services.sending.send(sender=bob, to=["alice"], subject="sent", body="the needle")
        services.mailbox.store_flags(
            selection=some(selectors.boxes.own_box(bob), [1]), add=[Flag.SEEN]
        )
        api = as_(bob)

        def subjects(query: str) -> list[str]:
            answer = api.get(f"delivered-posts?{query}")
            assert answer.status_code == 200, answer.content
            return [row["subject"] for row in answer.json()]

        assert subjects("q=needle") == ["sent", "two", "one"]
        assert subjects("q=needle+from:alice") == ["two", "one"]
        assert subjects("q=needle&boxname=bob") == ["two", "one"]
        assert subjects("q=needle&boxname=bob&is_read=false") == ["two"]
        assert subjects("q=needle&boxname=bob:sent&sender=bob") == ["sent"]
        assert subjects("q=nothing") == []
        assert subjects("q=") == ["sent", "two", "one"]
        services.mailbox.trash(
            selection=some(selectors.boxes.own_box(bob), [2]),
            owner=bob,
        )
        assert subjects("q=needle") == ["sent", "one"]
        assert subjects("q=needle&boxname=bob:trash") == subjects("q=in:trash") == ["two"]

    def test_pages_by_the_link_header(self, as_, bob):
        for n in range(3):
            services.sending.send(sender=bob, to=["bob"], subject=f"needle {n}")
        api, url, found = as_(bob), "delivered-posts?q=needle&limit=2", []
        while url:
            answer = api.get(url)
            found += [row["url"] for row in answer.json()]
            url = answer.headers.get("Link", "").partition(">")[0].strip("<")
        assert len(found) == len(set(found)) == 6

    def test_strangers_find_nothing(self, as_, charlie, hello):
        assert as_(charlie).get("delivered-posts?q=hello").json() == []

    @pytest.mark.parametrize("query", ["is:new", "x+in:attic", "%22open", "x" * 501])
    def test_what_cannot_be_read_is_a_problem(self, as_, bob, problem, query):
        answer = as_(bob).get(f"delivered-posts?q={query}")
        problem(answer, 400, code="search-invalid", field="q")


class TestDays:
    @pytest.fixture(autouse=True)
    def _sent(self, alice, bob):
        """One post, sent as 27 November begins in UTC: at one in Berlin."""
        services.sending.send(sender=alice, to=["bob"], subject="night")
        sent = datetime(2026, 11, 27, tzinfo=UTC)
        DeliveredPost.objects.update(delivered=sent)
        Post.objects.update(created=sent)

    @pytest.mark.parametrize("resource", ["delivered-posts", "posts"])
    @pytest.mark.parametrize(
        ("zone", "query", "count"),
        [
            ("", "start=2026-11-27", 1),
            ("", "end=2026-11-27", 0),
            ("Pacific/Pago_Pago", "start=2026-11-27", 0),
            ("Pacific/Pago_Pago", "end=2026-11-27", 1),
            ("Europe/Berlin", "start=2026-11-27T01:00:00", 1),
            ("Europe/Berlin", "start=2026-11-27T01:00:01", 0),
            ("Europe/Berlin", "start=2026-11-27T00:00:00Z", 1),
            ("Europe/Berlin", "start=2026-11-27T00:30:00%2B01:00", 1),
        ],
    )
    def test_begin_in_the_zone_of_the_person(self, as_, bob, resource, zone, query, count):
        bob.time_zone = zone
        bob.save()
        assert len(as_(bob).get(f"{resource}?{query}").json()) == count

    @pytest.mark.parametrize(
        "given", ["2026-13-01", "27.11.2026", "1764201600", "today", "2026-1-1"]
    )
    def test_that_are_none_are_refused(self, as_, bob, problem, given):
        problem(as_(bob).get(f"delivered-posts?start={given}"), 422, field="start")
