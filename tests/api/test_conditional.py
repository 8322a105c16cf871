"""Conditional requests (RFC 9110 §13, §15.4.5): 304 says what 200 would, without the rows."""

import pytest

from mail import selectors, services
from mail.models import Flag, Post
from mail.selectors.selection import some


@pytest.fixture
def post_id(alice, bob) -> str:
    return str(services.sending.send(sender=alice, to=["bob"], subject="hello").post_id)


PATHS = {
    "": "",
    "users": "users?limit=1",
    "boxes": "boxes?limit=1",
    "posts": "posts?limit=1",
    "subscriptions": "subscriptions?limit=1",
    "submissions": "submissions?limit=1",
    "drafts": "drafts?limit=1",
    "tokens": "tokens",
    "user": "users/bob",
    "box": "boxes/bob",
    "members": "boxes/crew/members?limit=1",
}


def _kept(answer):
    names = ("ETag", "Link", "Box-State", "Cache-Control", "Vary")
    return {name: answer.headers[name] for name in names if name in answer.headers}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_304_carries_the_headers_of_200(as_, alice, bob, crew, path):
    for _ in range(2):
        services.sending.send(sender=bob, to=["bob"])
        services.drafts.save(owner=bob)
    api = as_(bob)
    api.get("")  # notes the token's use, which is shown
    got = api.get(path)
    again = api.get(path, headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "limit" not in path or "Link" in got.headers
    assert _kept(again) == _kept(got)


def test_304_of_delivered_posts_says_the_state_and_reads_no_row(
    as_, alice, bob, django_assert_num_queries
):
    for _ in range(2):
        services.sending.send(sender=alice, to=["bob"])
    api, path = as_(bob), "delivered-posts?boxname=bob&limit=1"
    got = api.get(path)
    with django_assert_num_queries(3):  # the token, the box with its counter, nothing pending
        again = api.get(path, headers={"If-None-Match": got.headers["ETag"]})
    assert again.status_code == 304
    expected = _kept(got)
    assert expected.pop("Link")  # only its rows would tell
    assert _kept(again) == expected
    assert "Box-State" in expected


def test_304_of_a_delivered_post_reads_its_row_and_not_the_post(
    as_, bob, hello, django_assert_num_queries
):
    api = as_(bob)
    got = api.get(hello)
    with django_assert_num_queries(2) as queries:  # the token, the delivered post with its box
        again = api.get(hello, headers={"If-None-Match": got.headers["ETag"]})
    assert again.status_code == 304
    assert _kept(again) == _kept(got)
    assert "mail_post" not in "".join(query["sql"] for query in queries)
    with django_assert_num_queries(4):  # and the post's time and files
        api.get(hello)


def test_a_delivered_post_has_another_tag_whenever_it_was_marked(as_, bob, hello):
    api, box = as_(bob), selectors.boxes.own_box(bob)
    tags = [api.get(hello).headers["ETag"]]
    for change in ("add", "remove"):
        services.mailbox.store_flags(selection=some(box, [1]), **{change: [Flag.SEEN]})
        answer = api.get(hello, headers={"If-None-Match": ", ".join(tags)})
        assert answer.status_code == 200
        tags.append(answer.headers["ETag"])


def test_a_change_is_answered_with_the_new_tag_and_never_with_304(as_, bob, hello):
    api = as_(bob)
    answer = api.patch(hello, {"is_read": True}, headers={"If-None-Match": "*"})
    assert answer.status_code == 200
    assert answer.headers["ETag"] == api.get(hello).headers["ETag"]


def test_304_of_a_post_reads_no_text_and_stays_immutable(
    as_, bob, post_id, django_assert_num_queries
):
    api = as_(bob)
    got = api.get(f"posts/{post_id}")
    with django_assert_num_queries(2) as queries:  # the token, the post's version
        again = api.get(f"posts/{post_id}", headers={"If-None-Match": got.headers["ETag"]})
    assert again.status_code == 304
    assert _kept(again) == _kept(got)
    assert again.headers["Cache-Control"].endswith("immutable")
    assert "body" not in queries[-1]["sql"]


def test_304_is_for_those_who_may_read(as_, alice, bob, charlie, post_id, problem):
    tag = as_(bob).get(f"posts/{post_id}").headers["ETag"]
    for given in (tag, "*"):
        answer = as_(charlie).get(f"posts/{post_id}", headers={"If-None-Match": given})
        problem(answer, 404)
    services.sending.recall(post=Post.objects.get(), by=alice)
    problem(as_(bob).get(f"posts/{post_id}", headers={"If-None-Match": tag}), 404)


def test_a_post_that_was_rendered_anew_has_another_tag(as_, bob, post_id):
    api = as_(bob)
    tag = api.get(f"posts/{post_id}").headers["ETag"]
    Post.objects.update(renderer=Post.objects.get().renderer + 1)
    answer = api.get(f"posts/{post_id}", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag
