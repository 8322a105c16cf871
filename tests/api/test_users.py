import pytest

from mail.models import User

from .conftest import ROOT


def test_works(as_, alice, bob):
    bob.first_name, bob.last_name = "Bob", "Barker"
    bob.save()

    listed = as_(alice).get("users").json()
    assert [user["username"] for user in listed] == ["alice", "bob"]
    assert listed[1] == {
        "url": f"{ROOT}users/bob",
        "username": "bob",
        "name": "Bob Barker",
        "box": f"{ROOT}boxes/bob",
    }
    assert as_(alice).get(f"{ROOT}users/BOB").json() == listed[1]


def test_starts_and_pages(as_, alice, bob, charlie):
    api = as_(alice)
    names = [user["username"] for user in api.get("users?name_startswith=B").json()]
    assert names == ["bob"]

    first = api.get("users?limit=2")
    assert [user["username"] for user in first.json()] == ["alice", "bob"]
    following = first.headers["Link"].partition(">")[0].strip("<")
    second = api.get(following)
    assert [user["username"] for user in second.json()] == ["charlie"]
    assert "Link" not in second.headers


def test_people_who_left_are_not_shown(as_, alice, bob, problem):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert len(as_(alice).get("users").json()) == 1
    problem(as_(alice).get("users/bob"), 404)


def test_signed_out(signed_out, alice, problem):
    for path in ("users", "users/alice"):
        answer = signed_out.get(path)
        problem(answer, 401, code="signed-out")
        assert "Basic" in answer.headers["WWW-Authenticate"]
        assert "Bearer" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_wrong_method(as_, alice, problem, method):
    answer = getattr(as_(alice), method)("users")
    problem(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ("limit=0", 422, "limit"),
        ("limit=201", 422, "limit"),
        ("limit=x", 422, "limit"),
        ("cursor=***", 400, "cursor"),
        ("name_startswith=" + "x" * 256, 422, "name_startswith"),
    ],
)
def test_bad_input_names_the_field(as_, alice, problem, query, status, field):
    problem(as_(alice).get(f"users?{query}"), status, field=field)


def test_unknown(as_, alice, problem):
    problem(as_(alice).get("users/nobody"), 404, code="not-found")


def test_costs_the_same_at_any_size(as_, alice, django_assert_num_queries):
    from mail import services

    api = as_(alice)
    api.get("")  # notes the token's use
    for size in (5, 50):
        services.people.import_users(users=[User(username=f"u{size}x{n}") for n in range(size)])
        with django_assert_num_queries(2):  # the token, the people
            assert api.get("users?limit=200").status_code == 200
