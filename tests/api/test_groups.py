"""What a group says of itself, and who is in it, by program."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mail import services
from mail.models import User

ABOUT = {"description": "Rowing", "join_policy": "manager", "post_policy": "members"}


class TestAbout:
    def test_works(self, as_, alice, crew):
        answer = as_(alice).put("boxes/CREW/about", ABOUT)
        assert answer.status_code == 200
        assert answer.json() == as_(alice).get("boxes/crew").json()
        assert ABOUT.items() <= answer.json().items()

    @pytest.mark.parametrize("field", ABOUT)
    def test_takes_all_of_it_or_nothing(self, as_, alice, crew, field, problem):
        api = as_(alice)
        given = {name: said for name, said in ABOUT.items() if name != field}
        problem(api.put("boxes/crew/about", given), 422, field=field)
        bad = ABOUT | {field: "x\0" if field == "description" else "whoever"}
        answer = api.put("boxes/crew/about", bad)
        problem(answer, 400 if field == "description" else 422, field=field)
        crew.refresh_from_db()
        assert crew.description == ""

    def test_of_what_is_no_group_is_404(self, as_, alice, bob, staff, crew, problem):
        for name in ("bob", "everyone", "alice:sent", "nothing"):
            problem(as_(staff).put(f"boxes/{name}/about", ABOUT), 404)

    def test_is_for_managers(self, as_, signed_out, bob, crew, problem):
        problem(as_(bob).put("boxes/crew/about", ABOUT), 403, code="managing-not-allowed")
        problem(signed_out.put("boxes/crew/about", ABOUT), 401)

    def test_wrong_method(self, as_, alice, crew, problem):
        problem(as_(alice).patch("boxes/crew/about", ABOUT), 405)
        problem(as_(alice).get("boxes/crew/about"), 405)

    def test_costs_the_same_at_any_size(self, as_, alice, crew):
        api, counts = as_(alice), []
        api.get("boxes/crew")  # which says that the token was used
        for size in (1, 200):
            services.people.import_users(users=[User(username=f"u{size}n{n}") for n in range(size)])
            crew.group.user_set.add(*User.objects.filter(username__startswith=f"u{size}n"))
            with CaptureQueriesContext(connection) as queries:
                api.put("boxes/crew/about", ABOUT)
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestMembers:
    @pytest.fixture(autouse=True)
    def members(self, crew):
        services.people.import_users(
            users=[User(username=f"Row{n}", first_name="Otto", last_name=f"L{n}") for n in range(5)]
        )
        crew.group.user_set.add(*User.objects.filter(username__startswith="Row"))

    @pytest.mark.parametrize(
        ("q", "found"),
        [
            ("ROW3", ["Row3"]),
            ("tto", ["Row0", "Row1", "Row2", "Row3", "Row4"]),
            (" l2 ", ["Row2"]),
            ("none", []),
            ("", ["alice", "bob", "Row0", "Row1", "Row2", "Row3", "Row4"]),
        ],
    )
    def test_are_found_as_on_the_page(self, as_, bob, q, found):
        answer = as_(bob).get(f"boxes/crew/members?q={q}")
        assert [one["username"] for one in answer.json()] == found

    def test_come_page_by_page(self, as_, bob):
        api, path, seen = as_(bob), "/postapi/boxes/crew/members?q=otto&limit=2", []
        while path:
            answer = api.get(path)
            seen.append([one["username"] for one in answer.json()])
            found = re.search("<(.*)>", answer.headers.get("Link", ""))
            path = found[1] if found else ""
        assert seen == [["Row0", "Row1"], ["Row2", "Row3"], ["Row4"]]

    def test_odd_texts_find_nobody(self, as_, bob):
        for odd in ("%25", "_", "%5C", "%27"):
            assert as_(bob).get(f"boxes/crew/members?q={odd}").json() == []
