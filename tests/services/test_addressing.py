from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mail import errors, policies, selectors, services
from mail.models import Box, User
from mail.selectors import recipients


def person(name: str, full_name: str = "", **fields: Any) -> User:
    first, _, last = full_name.partition(" ")
    return User.objects.create_user(name, first_name=first, last_name=last, **fields)


def found(user: User, text: str, **options: int) -> list[str]:
    return [box.name for box in selectors.recipients.completions(user, text, **options)]


@pytest.fixture
def people(db) -> None:
    person("anna", "Zoë Meier")
    person("annabel", "Rosa Maria Ångström")
    person("bert", "Anna Sommer")
    person("carl", "Karl Annan")
    person("dora", "Dora anna")
    person("an_x")
    person("anyx")
    person("cent", "100% Sure")


class TestCompletions:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("anna", ["anna", "annabel", "bert", "dora", "carl"]),
            ("ANNA", ["anna", "annabel", "bert", "dora", "carl"]),
            (" annab ", ["annabel"]),
            ("anna s", ["bert"]),
            ("Rosa Maria å", ["annabel"]),
            ("maria", ["annabel"]),
            ("zoë", ["anna"]),
            ("bel", []),
            ("", []),
            (" ", []),
            ("an_", ["an_x"]),
            ("an%", []),
            ("100%", ["cent"]),
            ("10_%", []),
            ("a\\", []),
            ("'; --", []),
        ],
    )
    def test_people_by_the_beginning_of_any_of_their_names(self, alice, people, text, names):
        assert found(alice, text) == names

    def test_say_who_it_is(self, alice, people):
        assert selectors.recipients.completions(alice, "annab") == [
            selectors.recipients.Completion("annabel", "personal", "Rosa Maria Ångström", 1)
        ]

    def test_stop_at_the_limit(self, alice, people):
        assert found(alice, "an", limit=3) == ["an_x", "anna", "annabel"]
        for n in range(20):
            person(f"x{n:02}", "Xaver Xu")
        assert found(alice, "x") == [f"x{n:02}" for n in range(8)]

    def test_leave_out_who_is_no_longer_active_and_folders(self, alice, bob):
        person("gone", is_active=False)
        services.folders.create(owner=alice, name="mine")
        assert found(alice, "gone") == found(alice, "alice:") == found(alice, "mine") == []
        assert found(alice, "alice") == ["alice"]

    def test_groups_stand_among_people_with_their_size(self, alice, bob, crew):
        person("cress")
        assert selectors.recipients.completions(bob, "CR") == [
            selectors.recipients.Completion("cress", "personal", "", 1),
            selectors.recipients.Completion("crew", "group", "", 2),
        ]
        crew.group.delete()
        assert found(bob, "cr") == ["cress"]

    @pytest.mark.parametrize("policy", Box.PostPolicy.values)
    def test_groups_that_one_may_write_to(self, alice, bob, charlie, staff, crew, policy):
        """The condition in `policies` and the check beside it are one rule."""
        Box.objects.filter(pk=crew.pk).update(post_policy=policy)
        crew.refresh_from_db()
        manager = person("manager")
        services.groups.add_manager(box=crew, user=manager, by=alice)
        for user in (alice, bob, charlie, staff, manager):
            try:
                policies.check_posting(user, [crew])
                allowed = ["crew"]
            except errors.PostingNotAllowed:
                allowed = []
            assert found(user, "crew") == allowed

    def test_everyone_is_for_those_who_may_broadcast(self, alice, staff):
        assert found(alice, "every") == []
        assert selectors.recipients.completions(staff, "Every") == [
            selectors.recipients.Completion("everyone", "everyone", "", 2)
        ]

    def test_cost_the_same_for_few_and_many(self, alice, crew):
        def cost() -> int:
            with CaptureQueriesContext(connection) as queries:
                selectors.recipients.completions(alice, "cr")
            return len(queries)

        few = cost()
        services.people.import_users(users=[User(username=f"cr{n}") for n in range(2000)])
        assert cost() == few == 3

    def test_read_people_by_index(self, alice):
        services.people.import_users(
            users=[
                User(username=f"u{n}", first_name=f"First{n}", last_name=f"Last{n}")
                for n in range(5000)
            ]
        )
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        assert found(alice, "u", limit=3) == ["u0", "u1", "u10"]
        # As it is planned for any text, which it may be once it was prepared.
        numbered = recipients._PEOPLE.replace("%s", "${}").format(*range(1, 10))
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            cursor.execute(f"PREPARE people AS {numbered}")
            cursor.execute("EXPLAIN EXECUTE people" + str(("u", "v", 8) * 3))
            plan = str(cursor.fetchall())
            cursor.execute("DEALLOCATE people")
        for index in ("box_by_plain_name", "user_by_plain_name", "user_by_family_name"):
            assert index in plan
        assert "Seq Scan" not in plan


class TestFullNames:
    """Found as they are typed: without accents, in either order, and unspaced in Chinese."""

    @pytest.mark.parametrize(
        ("first", "last", "typed"),
        [
            ("Antonín", "Dvořák", ["dvorak", "DVOŘÁK", "Dvor\u030ca", "antonin dv", "dvorak ant"]),
            ("Jörg", "Müller", ["muller", "mull", "jorg m", "mu\u0308ller j"]),
            ("Clara", "Voss", ["voss clara", "clara voss", "Voss C", "clara  vo"]),
            ("伟", "张", ["张伟", "张 伟", "伟 张", "伟", "张"]),
            ("太郎", "山田", ["山田太郎", "山田 太", "太郎"]),
            ("민수", "김", ["김민수", "김 민", "민수"]),
            ("Łukasz", "Øster-Ås", ["lukasz o", "osteras", "Øster-Ås Łu", "oster as"]),
            ("Seán", "O’Neill", ["o'neill", "ONeill", "sean o"]),
            ("Zoë", "Straße", ["strasse z", "STRASSE"]),
            ("İpek", "Işık", ["ipek", "isik"]),
            ("مُحَمَّد", "علي", ["محمد", "علي محمد"]),
        ],
    )
    def test_complete(self, alice, first, last, typed):
        User.objects.create_user("q1", first_name=first, last_name=last)
        for text in typed:
            assert found(alice, text) == ["q1"], text

    @pytest.mark.parametrize("typed", ["-", "'", " - ", ".", "\u0301", "\u200b", "ё" * 300])
    def test_what_is_no_name_completes_nothing(self, alice, typed):
        assert found(alice, typed) == []

    @pytest.mark.parametrize(
        ("first", "last", "shown"),
        [
            *[("伟", "张", "张伟"), ("太郎", "山田", "山田太郎"), ("민수", "김", "김민수")],
            *[("Clara", "Voss", "Clara Voss"), ("伟", "Voss", "伟 Voss"), ("", "张", "张")],
            *[("伟", "", "伟"), ("", "", ""), ("Clara", "", "Clara")],
        ],
    )
    def test_are_shown_in_the_order_of_their_language(self, alice, first, last, shown):
        user = User.objects.create_user("q1", first_name=first, last_name=last)
        assert user.get_full_name() == shown
        assert [one.full_name for one in selectors.recipients.completions(alice, "q1")] == [shown]

    def test_groups_without_accents_too(self, alice):
        services.groups.create(name="Büro Zürich", by=alice)
        for text in ("buro", "BÜRO zu", "burozur"):
            assert found(alice, text) == ["Büro Zürich"]

    @pytest.mark.parametrize("typed", ["mira okafor", "Okafor Mira", " MIRA  OKAFOR "])
    def test_say_who_is_to_be_added(self, alice, typed):
        mira = User.objects.create_user("q1", first_name="Mira", last_name="Okafor")
        User.objects.create_user("q2", first_name="Mira", last_name="Okaforova")
        assert selectors.recipients.people_called(typed) == [mira]
        assert selectors.recipients.people_called("q1") == [mira]
        assert (
            selectors.recipients.people_called("mira")
            == selectors.recipients.people_called("-")
            == []
        )


class TestInactive:
    """Who is deactivated gets nothing, and is not counted."""

    def test_is_told_apart_and_not_counted(self, alice, bob, crew):
        User.objects.filter(pk=bob.pk).update(is_active=False)
        audience = selectors.recipients.audience(["Bob", "crew", "nobody"])
        assert (audience.people, audience.inactive, audience.unknown) == (1, ["bob"], ["nobody"])
        assert [(box.name, box.size) for box in audience.boxes] == [("crew", 1)]
        assert selectors.recipients.audience(["everyone"]).people == 1
        assert selectors.groups.groups(alice)[0][0].size == 1

    def test_neither_through_several_groups(self, alice, bob, charlie, crew):
        other = services.groups.create(name="other", by=alice)
        for user in (bob, charlie):
            services.memberships.join(box=other, user=user, by=user)
        User.objects.filter(pk=bob.pk).update(is_active=False)
        assert selectors.recipients.audience(["crew", "other"]).people == 2


class TestAudience:
    def test_adds_up_who_gets_it(self, alice, bob, charlie, crew):
        audience = selectors.recipients.audience(
            ["CREW", "charlie", "bob", "nobody", "Nobody", "alice:sent"]
        )

        assert audience.people == 3  # bob once
        assert [(box.name, box.size) for box in audience.boxes] == [
            ("crew", 2),
            ("charlie", 1),
            ("bob", 1),
        ]
        assert audience.unknown == ["Nobody", "alice:sent"]

    def test_counts_members_of_groups_that_a_group_feeds(self, alice, charlie, staff, crew):
        company = services.groups.create(name="company", by=staff)
        services.memberships.join(box=company, user=charlie, by=charlie)
        services.groups.subscribe(source=company, target=crew, by=staff)

        assert selectors.recipients.audience(["company"]).people == 3

    def test_everyone_is_everyone(self, alice, bob, staff):
        assert selectors.recipients.audience(["everyone"]).people == 3

    @pytest.mark.parametrize(
        ("wanted", "people", "sizes"),
        [
            (["ga"], 2, [2]),
            (["gb"], 2, [2]),
            (["ga", "gc"], 2, [2, 2]),
            (["ga", "gc", "wei"], 2, [2, 2, 1]),
            (["ga", "wei", "bob"], 3, [2, 1, 1]),
            (["gc", "jonas"], 2, [2, 1]),
            (["gc", "other"], 3, [2, 2]),
            (["wei", "jonas"], 2, [1, 1]),
            (["everyone", "ga", "wei"], 4, [4, 2, 1]),
            (["none"], 0, []),
        ],
    )
    def test_counts_people_once(self, alice, bob, wanted, people, sizes):
        wei, jonas = person("wei"), person("jonas")
        ga, gb, gc, other = (
            services.groups.create(name=name, by=alice) for name in ("ga", "gb", "gc", "other")
        )
        for source, target in ((ga, gb), (gb, gc)):
            services.groups.subscribe(source=source, target=target, by=alice)
        for box, user in ((ga, wei), (gc, wei), (gc, jonas), (other, wei), (other, bob)):
            services.memberships.join(box=box, user=user, by=alice)

        audience = selectors.recipients.audience(wanted)
        assert audience.people == people
        assert [box.size for box in audience.boxes] == sizes
        assert selectors.groups.groups(alice)[0][0].size == 2

    def test_everyone_may_feed_a_group_of_its_people(self, alice, bob, staff, crew, everyone):
        services.groups.subscribe(source=everyone, target=crew, by=staff)
        assert selectors.recipients.audience(["everyone"]).people == 3
        assert selectors.recipients.audience(["everyone", "crew", "bob"]).people == 3

    def test_is_two_reads(self, alice, bob, crew, django_assert_num_queries):
        with django_assert_num_queries(2):
            selectors.recipients.audience(["crew", "alice", "bob", "everyone"])
        with django_assert_num_queries(0):
            assert selectors.recipients.audience([]) == selectors.recipients.Audience(0, [], [])
