import pytest

from mail import selectors, services
from mail.models import Flag, Post, User
from mail.selectors.selection import up_to

from .conftest import ROOT


@pytest.fixture
def post(alice, bob) -> Post:
    return services.sending.send(sender=alice, to=["bob"], subject="hello", body="**hi**").post


def test_works(as_, alice, bob, post):
    for user in (alice, bob):
        shown = as_(user).get(f"posts/{post.pk}").json()
        assert shown == as_(user).get("posts").json()[0]
        assert (shown["sender"], shown["sender_url"]) == ("alice", f"{ROOT}users/alice")
        assert shown["to"] == [f"{ROOT}boxes/bob"]
        assert shown["body"] == "**hi**"
        assert "<strong>" in shown["body_html"]
        assert shown["thread"] == shown["id"] == str(post.pk)


def test_bcc_is_never_shown(as_, alice, bob, charlie):
    post = services.sending.send(sender=alice, to=["bob"], bcc=["charlie"]).post
    assert "charlie" not in as_(bob).get(f"posts/{post.pk}").text


def test_filters(as_, alice, bob, post):
    answer = services.sending.send(sender=bob, to=["alice"], in_reply_to=post.pk, subject="re").post
    other = services.sending.send(sender=bob, to=["alice"], subject="other").post
    api = as_(alice)

    def subjects(query: str) -> list[str]:
        found = api.get(f"posts?{query}")
        assert found.status_code == 200, found.content
        return [shown["subject"] for shown in found.json()]

    assert subjects("") == ["other", "re", "hello"]
    assert subjects("sender=bob") == ["other", "re"]
    assert subjects(f"sender={ROOT}users/bob") == ["other", "re"]
    assert subjects(f"thread={post.thread}") == ["re", "hello"]
    start = answer.created.isoformat().replace("+00:00", "Z")
    end = other.created.isoformat().replace("+00:00", "Z")
    assert subjects(f"start={start}&end={end}") == ["re"]


def test_storing_without_delivering_and_then_delivering(as_, alice, bob, charlie, problem):
    api = as_(alice)
    answer = api.post("posts", {"subject": "s", "body": "b", "content_type": "text/x-markdown"})
    assert answer.status_code == 201
    post = answer.json()
    assert post["content_type"] == "text/markdown"
    assert answer.headers["Location"] == post["url"]
    assert api.get(post["url"]).json() == post
    problem(as_(bob).get(post["url"]), 404)

    data = {"box": f"{ROOT}boxes/bob", "post": post["url"]}
    delivered = api.post("delivered-posts", data)
    assert delivered.status_code == 201
    assert delivered.json()["post"] == post["url"]
    assert as_(bob).get(post["url"]).json() == post
    problem(api.post("delivered-posts", data), 400, code="already-delivered", field="post")
    problem(as_(bob).post("delivered-posts", data), 400, code="post-unknown", field="post")
    problem(api.post("delivered-posts", data | {"box": "nobody"}), 400, field="box")
    problem(api.post("delivered-posts", data | {"box": "everyone"}), 403)


def test_deleting_recalls(as_, alice, bob, staff, post, subjects, problem):
    problem(as_(bob).delete(f"posts/{post.pk}"), 403, code="recall-not-allowed")
    assert as_(alice).delete(f"posts/{post.pk}").status_code == 204
    assert subjects(bob) == []
    problem(as_(alice).get(f"posts/{post.pk}"), 404)
    problem(as_(alice).delete(f"posts/{post.pk}"), 404)

    another = services.sending.send(sender=alice, to=["bob"]).post
    assert as_(staff).delete(f"posts/{another.pk}").status_code == 204


class TestRecallReport:
    def test_says_how_many_have_it_and_read_it(self, as_, alice, bob, staff, post):
        path = f"posts/{post.pk}/recall"
        assert as_(alice).get(path).json() == {"copies": 1, "read": 0}
        services.mailbox.store_flags(selection=up_to(selectors.boxes.own_box(bob)), add=[Flag.SEEN])
        assert as_(staff).get(path).json() == {"copies": 1, "read": 1}

    def test_is_for_those_who_may_recall(self, as_, alice, bob, charlie, post, problem):
        path = f"posts/{post.pk}/recall"
        problem(as_(bob).get(path), 403, code="recall-not-allowed")
        problem(as_(charlie).get(path), 404)
        problem(as_(charlie).get(f"posts/{post.pk}x/recall"), 404)
        services.sending.recall(post=post, by=alice)
        problem(as_(alice).get(path), 404)

    def test_signed_out_and_wrong_method(self, signed_out, as_, alice, post, problem):
        problem(signed_out.get(f"posts/{post.pk}/recall"), 401)
        answer = as_(alice).post(f"posts/{post.pk}/recall", {})
        problem(answer, 405)
        assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"

    def test_costs_the_same_at_any_size(self, as_, alice, django_assert_num_queries):
        api = as_(alice)
        api.get("")  # notes the token's use
        for size in (2, 300):
            people = [User(username=f"u{size}x{n}", password="!") for n in range(size)]
            services.people.import_users(users=people)
            sent = services.sending.send(sender=alice, to=[user.username for user in people])
            with django_assert_num_queries(5):  # the token, two for permissions, post and report
                assert api.get(f"posts/{sent.post_id}/recall").json()["copies"] == size


def test_says_that_it_never_changes(as_, alice, post, django_assert_num_queries):
    api = as_(alice)
    answer = api.get(f"posts/{post.pk}")
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    again = api.get(f"posts/{post.pk}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize("method", ["put", "patch"])
def test_posts_are_not_edited(as_, alice, post, problem, method):
    problem(getattr(as_(alice), method)(f"posts/{post.pk}", {"subject": "x"}), 405)
    assert Post.objects.get().subject == "hello"


def test_a_stranger_gets_404(as_, charlie, post, problem):
    problem(as_(charlie).get(f"posts/{post.pk}"), 404)
    problem(as_(charlie).delete(f"posts/{post.pk}"), 404)
    assert as_(charlie).get("posts").json() == []


def test_signed_out(signed_out, post, problem):
    for path in ("posts", f"posts/{post.pk}"):
        problem(signed_out.get(path), 401)
    problem(signed_out.post("posts", {}), 401)


@pytest.mark.parametrize(
    ("data", "status", "field"),
    [
        ({"subject": "a\r\nBcc: x"}, 400, "subject"),
        ({"subject": "x" * 256}, 400, "subject"),
        ({"body": "a\0b"}, 400, "body"),
        ({"body": "ü" * 131_073}, 400, "body"),
        ({"body": None}, 422, "body"),
        ({"content_type": "text/html"}, 422, "content_type"),
        ({"in_reply_to": "https://other.example/postapi/posts/1"}, 400, "in_reply_to"),
        ({"in_reply_to": "x"}, 400, "in_reply_to"),
        ({"sender": "bob"}, 422, "sender"),
    ],
)
def test_bad_input_names_the_field_and_stores_nothing(as_, alice, problem, data, status, field):
    problem(as_(alice).post("posts", data), status, field=field)
    assert not Post.objects.exists()


@pytest.mark.parametrize("post_id", ["x", "0", "1.2", "00000000-0000-0000-0000-000000000000"])
def test_unknown(as_, alice, problem, post_id):
    problem(as_(alice).get(f"posts/{post_id}"), 404)


def test_costs_the_same_at_any_size(as_, bob, fill, django_assert_num_queries):
    api = as_(bob)
    api.get("")  # notes the token's use
    for size in (5, 500):
        fill(selectors.boxes.own_box(bob), size)
        with django_assert_num_queries(4):  # the token, the own boxes, the posts, their files
            assert api.get("posts").status_code == 200
