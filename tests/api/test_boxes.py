from collections.abc import Iterator
from email import message_from_binary_file, policy
from typing import Any, cast
from urllib.parse import quote

import pytest

from mail import selectors, services
from mail.models import Box, DeliveredPost, Flag
from mail.selectors.selection import some

from .conftest import ROOT


def test_works(as_, alice, bob, crew, hello):
    api = as_(bob)
    listed = {box["name"]: box for box in api.get("boxes").json()}
    assert set(listed) == {
        *("alice", "bob", "crew", "everyone"),
        *("bob:archive", "bob:sent", "bob:trash"),
    }
    assert listed["bob"]["state"] == "1.1"
    assert (listed["bob"]["unread"], listed["bob"]["total"]) == (1, 1)
    assert (listed["bob:sent"]["unread"], listed["bob:sent"]["total"]) == (0, 0)
    assert listed["alice"]["state"] is listed["alice"]["unread"] is listed["crew"]["total"] is None
    assert listed["alice"]["owner"] == f"{ROOT}users/alice"
    assert listed["crew"]["kind"] == "group"
    assert api.get("boxes/CREW").json() == listed["crew"]
    assert api.get(listed["bob:sent"]["url"]).json() == listed["bob:sent"]


def test_filters_ignore_case(as_, bob, crew):
    api = as_(bob)
    assert [box["name"] for box in api.get("boxes?name_startswith=CR").json()] == ["crew"]
    assert [box["name"] for box in api.get("boxes?kind=everyone").json()] == ["everyone"]


def test_making_a_group_makes_its_maker_the_manager(as_, alice, problem):
    api = as_(alice)
    data = {"name": "book club", "description": "d", "post_policy": "members"}
    answer = api.post("boxes", data)

    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{ROOT}boxes/book%20club"
    assert answer.json()["post_policy"] == "members"
    assert api.get(answer.json()["url"]).json() == answer.json()
    managers = api.get("boxes/book club/managers").json()
    assert [user["username"] for user in managers] == ["alice"]
    problem(api.post("boxes", {"name": "Book Club"}), 400, code="name-taken", field="name")


def test_folders(as_, alice, bob, problem):
    api = as_(alice)
    made = api.post("boxes", {"name": "alice:projects"}).json()
    assert made["kind"] == "folder"
    assert (made["unread"], made["total"]) == (0, 0)
    problem(api.post("boxes", {"name": "alice:Projects"}), 400, code="name-taken")
    problem(api.post("boxes", {"name": "bob:projects"}), 400, code="name-invalid")
    problem(api.post("boxes", {"name": "alice:a:b"}), 400, code="name-invalid")
    problem(as_(bob).get(made["url"]), 404)
    problem(as_(bob).delete(made["url"]), 404)

    services.sending.send(sender=bob, to=["alice"])
    services.mailbox.move(
        selection=some(selectors.boxes.own_box(alice), [1]),
        to=selectors.boxes.own_box(alice, "projects"),
    )
    problem(api.delete(made["url"]), 400, code="folder-not-empty")
    services.mailbox.delete(selection=some(selectors.boxes.own_box(alice, "projects"), [1]))
    assert api.delete(made["url"]).status_code == 204
    problem(api.get(made["url"]), 404)
    problem(api.delete("boxes/alice:sent"), 400, code="folder-fixed")
    problem(api.delete("boxes/alice"), 400, code="folder-fixed")


def test_deleting_a_group_is_for_its_managers(as_, alice, bob, crew, problem, subjects):
    services.sending.send(sender=alice, to=["crew"], subject="last")
    problem(as_(bob).delete("boxes/crew"), 403, code="managing-not-allowed")
    problem(as_(bob).delete("boxes/everyone"), 403)
    problem(as_(bob).delete("boxes/alice"), 403)
    assert as_(alice).delete("boxes/crew").status_code == 204
    problem(as_(alice).get("boxes/crew"), 404)
    assert subjects(bob) == ["last"]


@pytest.mark.parametrize("method", ["put", "patch"])
def test_boxes_are_not_edited(as_, alice, crew, problem, method):
    answer = getattr(as_(alice), method)("boxes/crew", {"name": "x"})
    problem(answer, 405)
    assert answer.headers["Allow"] == "GET, DELETE, HEAD, OPTIONS"


def test_a_stranger_gets_404_for_a_folder(as_, alice, charlie, problem):
    problem(as_(charlie).get("boxes/alice:sent"), 404)
    problem(as_(charlie).get("boxes/alice:sent/changes?since=0.0"), 404)
    problem(as_(charlie).get("boxes/alice/export"), 404)


@pytest.mark.parametrize("path", ["boxes", "boxes/crew", "boxes/crew/members", "boxes/a/export"])
def test_signed_out(signed_out, crew, problem, path):
    problem(signed_out.get(path), 401)


@pytest.mark.parametrize(
    ("data", "status", "field"),
    [
        ({}, 422, "name"),
        ({"name": ""}, 400, "name"),
        ({"name": 7}, 422, "name"),
        ({"name": "x" * 256}, 400, "name"),
        ({"name": "everyone"}, 400, "name"),
        ({"name": "a\r\nb"}, 400, "name"),
        ({"name": "a\0b"}, 400, "name"),
        ({"name": "x", "join_policy": "all"}, 422, "join_policy"),
        ({"name": "x", "kind": "everyone"}, 422, "kind"),
    ],
)
def test_bad_input_names_the_field_and_makes_nothing(as_, alice, problem, data, status, field):
    before = Box.objects.count()
    problem(as_(alice).post("boxes", data), status, field=field)
    assert Box.objects.count() == before


class TestMembers:
    def test_join_and_leave(self, as_, alice, bob, charlie, crew, subjects):
        api = as_(charlie)
        assert api.put("boxes/crew/members/charlie").status_code == 204
        services.sending.send(sender=alice, to=["crew"], subject="seen")
        assert api.delete("boxes/crew/members/charlie").status_code == 204
        services.sending.send(sender=alice, to=["crew"], subject="not seen")

        assert subjects(charlie) == ["seen"]
        members = api.get("boxes/crew/members").json()
        assert [user["username"] for user in members] == ["alice", "bob"]

    def test_others_are_for_managers(self, as_, alice, bob, charlie, crew, problem):
        problem(as_(bob).put("boxes/crew/members/charlie"), 403, code="managing-not-allowed")
        problem(as_(bob).delete("boxes/crew/members/alice"), 403, code="managing-not-allowed")
        assert as_(alice).put("boxes/crew/members/charlie").status_code == 204
        assert as_(alice).delete("boxes/crew/members/charlie").status_code == 204
        problem(as_(alice).put("boxes/crew/members/nobody"), 404)
        problem(as_(alice).get("boxes/bob/members"), 404)
        problem(as_(alice).put("boxes/everyone/members/bob"), 404)

    def test_managers(self, as_, alice, bob, crew, problem):
        problem(as_(bob).put("boxes/crew/managers/bob"), 403)
        problem(as_(alice).delete("boxes/crew/managers/alice"), 403, code="last-manager")
        assert as_(alice).put("boxes/crew/managers/bob").status_code == 204
        assert as_(bob).delete("boxes/crew/managers/alice").status_code == 204
        managers = as_(bob).get("boxes/crew/managers").json()
        assert [user["username"] for user in managers] == ["bob"]


class TestChanges:
    def since(self, api, state, query=""):
        answer = api.get(f"boxes/bob/changes?since={state}{query}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    def test_keep_a_mailbox_in_step(self, as_, alice, bob, crew):
        api = as_(bob)
        services.sending.send(sender=alice, to=["bob"])
        services.sending.send(sender=alice, to=["bob"])
        state = api.get("delivered-posts?boxname=bob").headers["Box-State"]
        assert self.since(api, state) == {
            "since": state,
            "state": state,
            "has_more": False,
            "added": [],
            "changed": [],
            "removed": [],
        }

        services.sending.send(sender=alice, to=["crew"])
        box = selectors.boxes.own_box(bob)
        services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.SEEN])
        services.mailbox.delete(selection=some(box, [2]))
        changes = self.since(api, state)
        url = f"{ROOT}delivered-posts/{box.pk}."
        assert changes["added"] == [f"{url}3"]
        assert changes["changed"] == [f"{url}1"]
        assert changes["removed"] == [f"{url}2"]
        assert changes["state"] == api.get("boxes/bob").json()["state"]

    def test_come_in_parts_that_miss_nothing(self, as_, alice, bob):
        api, box = as_(bob), selectors.boxes.own_box(bob)
        for _ in range(7):
            services.sending.send(sender=alice, to=["bob"])
        services.mailbox.delete(selection=some(box, [3, 4]))
        services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.SEEN])

        seen: dict[str, str] = {}
        state, more = "0.0", True
        while more:
            part = self.since(api, state, "&limit=2")
            for kind in ("added", "changed", "removed"):
                seen |= dict.fromkeys(part[kind], kind)
            assert part["state"] != state
            state, more = part["state"], part["has_more"]
        alive = {url for url, kind in seen.items() if kind != "removed"}
        rows = DeliveredPost.objects.filter(box=box)
        assert alive == {f"{ROOT}delivered-posts/{row}" for row in rows}
        assert len(alive) == 5

    def test_a_state_too_old_says_to_start_over(self, as_, alice, bob, problem):
        from datetime import timedelta

        from mail.models import Tombstone

        services.sending.send(sender=alice, to=["bob"])
        services.mailbox.delete(selection=some(selectors.boxes.own_box(bob), [1]))
        row = Tombstone.objects.get()
        Tombstone.objects.update(at=row.at - timedelta(days=31))
        services.upkeep.purge_tombstones()
        problem(as_(bob).get("boxes/bob/changes?since=0.0"), 410, code="state-too-old")

    @pytest.mark.parametrize("state", ["", "x", "1", "1.2.3", "-1.0", "9.9", "٣.1", "9" * 30])
    def test_a_state_that_is_none(self, as_, bob, problem, state):
        answer = as_(bob).get(f"boxes/bob/changes?since={quote(state)}")
        problem(answer, 400, code="state-invalid", field="since")

    def test_need_a_state(self, as_, bob, problem):
        problem(as_(bob).get("boxes/bob/changes"), 422, field="since")


def _parsed(file):
    return message_from_binary_file(file, policy=policy.default)


class TestExport:
    def read(self, answer) -> bytes:
        return b"".join(answer.streaming_content)

    @pytest.fixture
    def posts(self, alice, bob):
        first = services.sending.send(
            sender=alice,
            to=["bob"],
            subject="Grüße, with a very long subject " + "that goes on " * 12,
            body="From here on\n\nFrom: nobody\n>From quoted\n\nzoë\n",
        ).post
        services.mailbox.sync(box=selectors.boxes.own_box(bob))
        services.mailbox.store_flags(
            selection=some(selectors.boxes.own_box(bob), [1]), add=[Flag.SEEN]
        )
        services.mailbox.store_flags(
            selection=some(selectors.boxes.own_box(bob), [1]), add=[Flag.FLAGGED]
        )
        services.sending.send(sender=bob, to=["alice"], in_reply_to=first.pk)
        services.sending.send(sender=bob, to=["alice"], forwarded=first.pk)
        second = services.sending.send(
            sender=alice, to=["bob"], cc=["alice"], subject="", body="", in_reply_to=first.pk
        ).post
        return first, second

    def test_mbox_opens_in_pythons_mailbox(self, as_, bob, posts, tmp_path):
        import mailbox

        answer = as_(bob).get("boxes/bob/export")
        assert answer.headers["Content-Type"] == "application/mbox"
        (tmp_path / "bob.mbox").write_bytes(self.read(answer))
        box = mailbox.mbox(tmp_path / "bob.mbox", _parsed)

        first, second = (cast("Any", message) for message in box)
        assert first["Subject"] == posts[0].subject
        assert first["From"].addresses[0].username == "alice"
        assert (first["Status"], first["X-Status"], first["X-Keywords"]) == (
            *("RO", "AF", "$Forwarded"),
        )
        body = first.get_content().replace("\n>From here", "\nFrom here")
        assert body.removeprefix(">").replace(">>From", ">From") == posts[0].body
        assert first.get_content_type() == "text/markdown"
        assert (second["Status"], second["X-Status"], second["X-Keywords"]) == ("O", None, None)
        assert second["In-Reply-To"] == first["Message-ID"]
        assert second["Cc"].addresses[0].username == "alice"
        assert len(box) == 2
        box.close()

    def test_json_lines(self, as_, bob, posts):
        import json

        answer = as_(bob).get("boxes/bob/export?format=jsonl")
        lines = [json.loads(line) for line in self.read(answer).splitlines()]
        assert [line["uid"] for line in lines] == [1, 2]
        assert lines[0]["body"] == posts[0].body
        assert lines[1]["in_reply_to"] == str(posts[0].pk)
        marks = ("is_read", "is_flagged", "is_answered", "flags")
        flags = ["\\Flagged", "\\Answered", "$Forwarded"]
        assert [lines[0][mark] for mark in marks] == [True, True, True, flags]
        assert [lines[1][mark] for mark in marks] == [False, False, False, []]

    def test_another_format(self, as_, bob, problem):
        problem(as_(bob).get("boxes/bob/export?format=pst"), 422, field="format")

    @pytest.mark.parametrize("kind", ["mbox", "jsonl"])
    def test_takes_the_same_memory_at_any_size(self, bob, fill, kind):
        import tracemalloc

        from mail.mime import mbox

        def export(box: Box) -> Iterator[bytes]:
            return mbox.mbox(box, "x") if kind == "mbox" else mbox.json_lines(box)

        box, peaks = selectors.boxes.own_box(bob), []
        for more in (300, 2700):
            fill(box, more)
            tracemalloc.start()
            assert sum(piece.count(b"\n") for piece in export(box)) >= more
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert peaks[1] < 2 * peaks[0]


def test_a_list_costs_the_same_at_any_size(as_, alice, django_assert_num_queries):
    api = as_(alice)
    api.get("")  # notes the token's use
    for size in (3, 30):
        for n in range(size):
            services.groups.create(name=f"g{size}x{n}", by=alice)
        with django_assert_num_queries(3):  # the token, the boxes, the numbers of one's own
            api.get("boxes?limit=200")
