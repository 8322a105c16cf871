import pytest

from mail import services
from mail.models import Box, User

from .conftest import ROOT


def test_works(as_, alice, bob, crew):
    User.objects.create_user("carla", first_name="Bo", last_name="Crewson")
    api = as_(alice)
    assert api.get("completions?q=CR").json() == [
        {"box": f"{ROOT}boxes/crew", "name": "crew", "kind": "group", "full_name": "", "size": 2},
        {
            "box": f"{ROOT}boxes/carla",
            "name": "carla",
            "kind": "personal",
            "full_name": "Bo Crewson",
            "size": 1,
        },
    ]
    assert [one["name"] for one in api.get("completions?q=bo").json()] == ["bob", "carla"]
    assert [one["name"] for one in api.get("completions?q=bo&limit=1").json()] == ["bob"]
    for nothing in ("completions", "completions?q=", "completions?q=%20", "completions?q=zz"):
        assert api.get(nothing).json() == []


def test_only_whom_one_may_write_to(as_, alice, bob, charlie, staff, crew):
    crew.post_policy = Box.PostPolicy.MEMBERS
    crew.save()
    assert [one["name"] for one in as_(bob).get("completions?q=crew").json()] == ["crew"]
    assert as_(charlie).get("completions?q=crew").json() == []
    assert as_(charlie).get("completions?q=every").json() == []
    (everyone,) = as_(staff).get("completions?q=every").json()
    assert (everyone["kind"], everyone["size"]) == ("everyone", 4)
    assert as_(bob).get("completions?q=bob:").json() == []


def test_what_is_known_is_not_sent_again(as_, bob):
    path = "completions?q=b"
    tag = as_(bob).get(path).headers["ETag"]
    assert as_(bob).get(path, headers={"If-None-Match": tag}).status_code == 304


def test_signed_out_and_wrong_method(signed_out, as_, alice, problem):
    problem(signed_out.get("completions"), 401)
    answer = as_(alice).post("completions", {})
    problem(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(
    ("query", "field"), [(f"q={'x' * 256}", "q"), ("q=x&limit=0", "limit"), ("limit=51", "limit")]
)
def test_bad_queries_name_the_parameter(as_, alice, problem, query, field):
    problem(as_(alice).get(f"completions?{query}"), 422, field=field)


def test_cost_the_same_at_any_size(as_, alice, django_assert_num_queries):
    api = as_(alice)
    api.get("")  # notes the token's use
    for size in (5, 50):
        services.people.import_users(users=[User(username=f"u{size}x{n}") for n in range(size)])
        for n in range(size):
            services.groups.create(name=f"u{size}g{n}", by=alice)
        with django_assert_num_queries(4):  # the token, people, groups, their sizes
            assert len(api.get("completions?q=u&limit=50").json()) >= 10
