from base64 import urlsafe_b64encode
from uuid import uuid4

import pytest

from mail import selectors, services
from mail.models import Draft, Submission

from .conftest import ROOT

WRITTEN = {
    "to": [f"{ROOT}boxes/bob", "nobody yet"],
    "cc": ["charlie"],
    "bcc": [],
    "subject": "x" * 300,
    "body": "a\r\n\tb ",
    "content_type": "text/plain",
    "kind": "new",
    "in_reply_to": None,
}


@pytest.fixture
def draft(alice, bob) -> Draft:
    return services.drafts.save(owner=alice, to="bob", subject="one", body="b")


def stored(draft: Draft) -> Draft:
    return Draft.objects.get(pk=draft.pk)


def test_works(as_, alice):
    api = as_(alice)
    answer = api.post("drafts", WRITTEN)
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["Location"] == made["url"] == f"{ROOT}drafts/{made['id']}"
    assert made["to"] == [f"{ROOT}boxes/bob", f"{ROOT}boxes/nobody%20yet"]
    assert made["cc"] == [f"{ROOT}boxes/charlie"]
    kept = ("bcc", "subject", "body", "content_type", "kind", "in_reply_to")
    assert {field: made[field] for field in kept} == {field: WRITTEN[field] for field in kept}
    assert made["version"] == 1
    assert api.get(made["url"]).json() == made
    (listed,) = api.get("drafts").json()
    assert made | listed == made
    assert set(made) - set(listed) == {"body", "content_type"}
    assert Draft.objects.get().to == "bob, nobody yet"


def test_what_was_read_can_be_saved_again(as_, alice, bob, hello):
    asked = services.sending.send(sender=bob, to=["alice"]).post
    api, data = as_(alice), WRITTEN | {"kind": "reply", "in_reply_to": f"{ROOT}posts/{asked.pk}"}
    made = api.post("drafts", data).json()
    assert made["in_reply_to"] == data["in_reply_to"]
    again = {field: made[field] for field in WRITTEN} | {"version": made["version"]}
    assert api.put(made["url"], again).json() == made


def test_putting_makes_one_and_then_its_next_version(as_, alice):
    api, url = as_(alice), f"{ROOT}drafts/{uuid4()}"
    first = api.put(url, {"subject": "one"})
    assert (first.status_code, first.headers["Location"]) == (201, url)
    again = api.put(url, {"subject": "one"})
    assert (again.status_code, again.json()) == (200, first.json())

    second = api.put(url, {"body": "two", "version": 1})
    assert second.status_code == 200
    assert (second.json()["version"], second.json()["subject"]) == (2, "")
    assert second.json()["created"] == first.json()["created"]
    for repeated in (1, 1.0):
        assert api.put(url, {"body": "two", "version": repeated}).json() == second.json()
    assert Draft.objects.count() == 1


@pytest.mark.parametrize("version", [{}, {"version": 1}])
def test_two_at_once_do_not_overwrite_each_other(as_, alice, draft, problem, version):
    services.drafts.save(owner=alice, draft_id=draft.pk, version=1, subject="two")
    answer = as_(alice).put(f"drafts/{draft.pk}", {"subject": "three"} | version)
    problem(answer, 409, code="draft-changed")
    assert (stored(draft).subject, stored(draft).version) == ("two", 2)


def test_one_that_is_known_is_not_sent_again(as_, alice, draft):
    api, url = as_(alice), f"drafts/{draft.pk}"
    tag = api.get(url).headers["ETag"]
    assert api.get(url, headers={"If-None-Match": tag}).status_code == 304
    services.drafts.save(owner=alice, draft_id=draft.pk, version=1, subject="two")
    assert api.get(url, headers={"If-None-Match": tag}).status_code == 200


def test_discarding(as_, alice, draft, problem):
    api, url = as_(alice), f"drafts/{draft.pk}"
    assert api.delete(url).status_code == 204
    problem(api.delete(url), 404)
    problem(api.put(url, {"version": 1}), 404)
    assert not Draft.objects.exists()


class TestSending:
    def test_sends_once_and_ends_it(self, as_, alice, bob, draft, subjects, problem):
        api, url = as_(alice), f"drafts/{draft.pk}"
        answer = api.post(f"{url}/send")
        assert answer.status_code == 200
        (row,) = answer.json()["posts"]
        assert (row["box"], row["subject"]) == (f"{ROOT}boxes/bob", "one")
        assert api.get(answer.json()["submission"]).json()["post"] == row["post"]
        assert api.post(f"{url}/send").json() == answer.json()
        assert subjects(bob) == ["one"]
        problem(api.get(url), 404)
        problem(api.put(url, {"subject": "late"}), 404)

    def test_only_the_version_that_one_saw(self, as_, alice, draft, problem):
        services.drafts.save(owner=alice, draft_id=draft.pk, version=1, to="bob", subject="two")
        api, url = as_(alice), f"drafts/{draft.pk}/send"
        problem(api.post(f"{url}?version=1"), 409, code="draft-changed")
        assert not Submission.objects.exists()
        assert api.post(f"{url}?version=2").json()["posts"][0]["subject"] == "two"

    def test_what_is_refused_stays(self, as_, alice, bob, problem):
        api = as_(alice)
        made = api.post("drafts", {"to": ["bob"], "cc": ["nobody"]}).json()
        answer = api.post(f"{made['url']}/send")
        problem(answer, 400, code="unknown-recipient", field="cc")
        made = api.post("drafts", {"to": ["everyone"]}).json()
        problem(api.post(f"{made['url']}/send"), 403, code="broadcast-not-allowed", field="to")
        assert Draft.objects.count() == 2
        assert not Submission.objects.exists()

    def test_a_forwarded_post_is_marked(self, as_, bob, hello):
        post_id = as_(bob).get(hello).json()["post"]
        data = {"to": ["bob"], "kind": "forward", "in_reply_to": post_id}
        made = as_(bob).post("drafts", data).json()
        as_(bob).post(f"{made['url']}/send")
        (exported, *_) = selectors.export.exported(selectors.boxes.own_box(bob))
        assert exported.flags == ["$Forwarded"]


def test_a_stranger_gets_404(as_, bob, draft, problem):
    api, url = as_(bob), f"drafts/{draft.pk}"
    problem(api.get(url), 404)
    for data in ({"subject": "one"}, {"version": 1}):
        problem(api.put(url, data), 404)
    problem(api.delete(url), 404)
    problem(api.post(f"{url}/send"), 404)
    assert api.get("drafts").json() == []
    assert stored(draft).version == 1


def test_signed_out(signed_out, draft, problem):
    for path in ("drafts", f"drafts/{draft.pk}"):
        problem(signed_out.get(path), 401)
    problem(signed_out.post("drafts", {}), 401)
    problem(signed_out.put(f"drafts/{draft.pk}", {}), 401)
    problem(signed_out.delete(f"drafts/{draft.pk}"), 401)
    problem(signed_out.post(f"drafts/{draft.pk}/send"), 401)


def test_wrong_method(as_, alice, draft, problem):
    for method, path, allowed in (
        ("put", "drafts", "GET, POST, HEAD, OPTIONS"),
        ("patch", f"drafts/{draft.pk}", "GET, PUT, DELETE, HEAD, OPTIONS"),
        ("get", f"drafts/{draft.pk}/send", "POST, OPTIONS"),
    ):
        answer = getattr(as_(alice), method)(path)
        problem(answer, 405)
        assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    ("data", "status", "field"),
    [
        ({"to": "bob"}, 422, "to"),
        ({"cc": [""]}, 422, "cc.0"),
        ({"to": ["https://other.example/postapi/boxes/bob"]}, 400, "to"),
        ({"bcc": ["b\0"]}, 400, "bcc"),
        ({"subject": None}, 422, "subject"),
        ({"subject": "a\0"}, 400, "subject"),
        ({"body": "x" * (Draft.MAX_SIZE + 1)}, 400, "body"),
        ({"content_type": "text/html"}, 422, "content_type"),
        ({"kind": "else"}, 422, "kind"),
        ({"in_reply_to": "x"}, 400, "in_reply_to"),
        ({"owner": "bob"}, 422, "owner"),
    ],
)
def test_bad_input_names_the_field_and_stores_nothing(as_, alice, problem, data, status, field):
    problem(as_(alice).post("drafts", data), status, field=field)
    problem(as_(alice).put(f"drafts/{uuid4()}", data), status, field=field)
    assert not Draft.objects.exists()


@pytest.mark.parametrize("version", [0, -1, 2**31, "1", 1.5, True])
def test_versions_that_are_none(as_, alice, draft, problem, version):
    answer = as_(alice).put(f"drafts/{draft.pk}", {"version": version})
    problem(answer, 422, field="version")


@pytest.mark.parametrize("key", ["x", "1", "00000000-0000-0000-0000-000000000000"])
def test_unknown(as_, alice, problem, key):
    problem(as_(alice).get(f"drafts/{key}"), 404)
    problem(as_(alice).post(f"drafts/{key}/send"), 404)


def test_pages(as_, alice, problem):
    made = [services.drafts.save(owner=alice, subject=str(n)) for n in range(5)]
    moment = made[0].updated
    Draft.objects.filter(pk__in=[draft.pk for draft in made[:3]]).update(updated=moment)
    api, url, found = as_(alice), "drafts?limit=2", []
    while url:
        answer = api.get(url)
        found += [row["id"] for row in answer.json()]
        url = answer.headers.get("Link", "").partition(">")[0].strip("<")
    assert found == [str(draft.pk) for draft in selectors.drafts.own(alice)]
    draft_id = "00000000-0000-0000-0000-000000000000"
    for key in ("x", "2026-01-01T00:00:00Z", f"2026-01-01T00:00:00 {draft_id}", f"0 {draft_id}"):
        cursor = urlsafe_b64encode(key.encode()).decode().rstrip("=")
        problem(api.get(f"drafts?cursor={cursor}"), 400, code="cursor-invalid", field="cursor")


def test_costs_the_same_at_any_size(as_, alice, django_assert_num_queries):
    api = as_(alice)
    api.get("")  # notes the token's use
    for size in (3, 50):
        for _ in range(size):
            services.drafts.save(owner=alice, to="bob, charlie", body="x")
        with django_assert_num_queries(2) as queries:  # the token, the drafts
            api.get("drafts?limit=200")
        assert '"body"' not in queries[-1]["sql"]
