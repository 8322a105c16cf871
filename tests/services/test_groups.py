from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from threading import Barrier

import pytest
from django.apps import apps as registry
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models.signals import post_migrate
from django.test.utils import CaptureQueriesContext

from mail import errors, selectors, services
from mail.models import Box, BoxCounter, Subscription, User


def test_members_see_what_was_posted_since_they_joined(alice, bob, charlie, crew, subjects):
    services.sending.send(sender=alice, to=["crew"], subject="before")
    services.memberships.join(box=crew, user=charlie, by=charlie)
    services.sending.send(sender=alice, to=["crew"], subject="after")

    assert subjects(charlie) == ["after"]
    assert subjects(bob) == ["after", "before"]


def test_leaving_loses_nothing_and_rejoining_shows_no_gap(alice, bob, crew, subjects):
    services.sending.send(sender=alice, to=["crew"], subject="while a member")
    services.memberships.leave(box=crew, user=bob, by=bob)
    services.sending.send(sender=alice, to=["crew"], subject="in the gap")
    services.memberships.join(box=crew, user=bob, by=bob)
    services.sending.send(sender=alice, to=["crew"], subject="back again")

    assert subjects(bob) == ["back again", "while a member"]


@pytest.mark.parametrize(
    ("joining", "leaving"),
    [
        (lambda g, u: u.groups.add(g), lambda g, u: u.groups.remove(g)),
        (lambda g, u: g.user_set.add(u), lambda g, u: g.user_set.remove(u)),
        (lambda g, u: u.groups.set([g]), lambda g, u: u.groups.set([])),
        (lambda g, u: g.user_set.set([u]), lambda g, u: g.user_set.clear()),
        (lambda g, u: u.groups.set([g], clear=True), lambda g, u: u.groups.clear()),
    ],
)
def test_membership_from_anywhere_is_followed(alice, bob, joining, leaving, subjects):
    box = services.groups.create(name="club", by=alice)
    services.sending.send(sender=alice, to=["club"], subject="1")
    joining(box.group, bob)
    services.sending.send(sender=alice, to=["club"], subject="2")
    leaving(box.group, bob)
    services.sending.send(sender=alice, to=["club"], subject="3")

    assert subjects(bob) == ["2"]
    assert not Subscription.objects.filter(source=box).exists()


def test_deleting_a_group_serves_its_members_and_keeps_its_name(alice, bob, crew, subjects):
    services.sending.send(sender=alice, to=["crew"], subject="last words")
    Group.objects.get(name="crew").delete()

    assert subjects(bob) == ["last words"]
    with pytest.raises(errors.UnknownRecipient):
        services.sending.send(sender=alice, to=["crew"])
    with pytest.raises(ValidationError, match="taken"):
        User.objects.create_user("crew")


def test_a_group_made_again_under_its_name_shows_nothing_old(alice, bob, crew, subjects):
    services.sending.send(sender=alice, to=["crew"], subject="old")
    Group.objects.get(name="crew").delete()
    again = services.groups.create(name="crew", by=bob)
    services.memberships.join(box=again, user=bob, by=bob)
    services.sending.send(sender=alice, to=["crew"], subject="new")

    assert again.pk == crew.pk
    assert subjects(bob) == ["new", "old"]  # the old one from before it was deleted
    assert list(again.managers.all()) == [bob]


def test_who_may_join_and_who_may_leave(alice, bob, charlie, crew, staff, everyone):
    with pytest.raises(errors.ManagingNotAllowed):
        services.memberships.join(box=crew, user=charlie, by=bob)
    crew.join_policy = Box.JoinPolicy.MANAGER
    crew.save()
    with pytest.raises(errors.JoiningNotAllowed):
        services.memberships.join(box=crew, user=charlie, by=charlie)
    services.memberships.join(box=crew, user=charlie, by=alice)
    with pytest.raises(errors.ManagingNotAllowed):
        services.memberships.leave(box=crew, user=bob, by=charlie)
    services.memberships.leave(box=crew, user=bob, by=staff)
    with pytest.raises(errors.LeavingNotAllowed):
        services.memberships.leave(box=everyone, user=staff, by=staff)


def test_the_last_manager_stays_unless_staff_say_so(alice, bob, charlie, crew, staff):
    with pytest.raises(errors.LastManager):
        services.groups.remove_manager(box=crew, user=alice, by=alice)
    with pytest.raises(errors.ManagingNotAllowed):
        services.groups.remove_manager(box=crew, user=alice, by=bob)
    services.groups.remove_manager(box=crew, user=charlie, by=alice)  # who is none
    services.groups.add_manager(box=crew, user=bob, by=alice)
    services.groups.remove_manager(box=crew, user=alice, by=alice)
    assert list(crew.managers.all()) == [bob]
    services.groups.remove_manager(box=crew, user=bob, by=staff)
    assert not crew.managers.exists()


@pytest.mark.django_db(transaction=True)
def test_of_the_last_two_managers_who_resign_at_once_one_stays(alice, bob, crew):
    services.groups.add_manager(box=crew, user=bob, by=alice)
    both = Barrier(2)

    def resign(user: User) -> str:
        try:
            both.wait()
            services.groups.remove_manager(box=crew, user=user, by=user)
        except errors.LastManager as error:
            return error.code
        finally:
            connection.close()
        return "gone"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(resign, (alice, bob))) == ["gone", "last-manager"]
    assert crew.managers.count() == 1


@pytest.mark.parametrize(
    "name",
    ["everyone", "Postmaster", "a:b", "", " ", "two  spaces", "x" * 151, "a\nb", "a/b", ".", ".."],
)
def test_names_that_nobody_may_have(alice, name):
    with pytest.raises(errors.NameInvalid):
        services.groups.create(name=name, by=alice)
    assert not Group.objects.exists()


@pytest.mark.parametrize("name", ["alice", "ALICE", "Crew"])
def test_names_that_are_taken(alice, crew, name):
    with pytest.raises(errors.NameTaken):
        services.groups.create(name=name, by=alice)


def test_no_name_ever_changes(alice, crew):
    alice.username = "alicia"
    with pytest.raises(ValidationError, match="never changes"):
        alice.save()
    group = crew.group
    group.name = "team"
    with pytest.raises(errors.NameFixed):
        group.save()


class TestGroupsOfGroups:
    @pytest.fixture
    def company(self, staff, crew) -> Box:
        """A group fed by nobody; `crew` is fed by it."""
        box = services.groups.create(name="company", by=staff)
        services.groups.subscribe(source=box, target=crew, by=staff)
        return box

    def test_pass_posts_on_exactly_once(self, alice, bob, company, crew, subjects):
        services.memberships.join(box=company, user=bob, by=bob)
        services.sending.send(sender=alice, to=["company"], subject="down")
        services.sending.send(sender=alice, to=["company", "crew"], subject="both")

        assert subjects(bob) == ["both", "down"]

    def test_show_nothing_from_before_joining(self, alice, charlie, company, crew, subjects):
        services.sending.send(sender=alice, to=["company"], subject="before")
        services.memberships.join(box=crew, user=charlie, by=charlie)
        services.sending.send(sender=alice, to=["company"], subject="after")

        assert subjects(charlie) == ["after"]

    def test_lose_nothing_on_leaving(self, alice, bob, staff, company, crew, subjects):
        services.sending.send(sender=alice, to=["company"], subject="in time")
        services.memberships.leave(box=crew, user=bob, by=bob)
        assert subjects(bob) == ["in time"]

        services.sending.send(sender=alice, to=["company"], subject="still fed")
        services.groups.unsubscribe(source=company, target=crew, by=staff)
        services.sending.send(sender=alice, to=["company"], subject="no more")
        assert subjects(alice) == ["still fed", "in time"]

    def test_never_close_a_circle(self, staff, company, crew):
        third = services.groups.create(name="third", by=staff)
        services.groups.subscribe(source=crew, target=third, by=staff)
        for source, target in ((crew, company), (third, company), (third, crew), (crew, crew)):
            with pytest.raises(errors.ClosesCircle):
                services.groups.subscribe(source=source, target=target, by=staff)
        with pytest.raises(errors.AlreadySubscribed):
            services.groups.subscribe(source=company, target=crew, by=staff)

    def test_are_made_by_managers_of_both(self, alice, bob, staff, crew):
        other = services.groups.create(name="other", by=bob)
        with pytest.raises(errors.ManagingNotAllowed):
            services.groups.subscribe(source=other, target=crew, by=alice)
        with pytest.raises(errors.NotFound):
            services.groups.subscribe(source=selectors.boxes.own_box(alice), target=crew, by=alice)


def test_many_members_cost_what_few_do(alice, crew):
    def cost(start: int, count: int) -> int:
        usernames = [f"m{n}" for n in range(start, start + count)]
        services.people.import_users(users=[User(username=name) for name in usernames])
        with CaptureQueriesContext(connection) as queries:
            assert (
                services.memberships.add_members(box=crew, usernames=usernames, by=alice) == count
            )
        return len(queries)

    assert cost(0, 10) == cost(10, 9_000)
    assert crew.group.user_set.count() == 9_012


# Only what is needed: more dead rows would slow down the tests that come after.
_MANY = """
WITH made AS (
    INSERT INTO mail_user (username, first_name, last_name, email, password, language, time_zone,
                           is_active, is_staff, is_superuser, date_joined)
    SELECT 'm' || n, '', '', '', '', '', '', true, false, false, now()
    FROM generate_series(1, %s) AS g (n) RETURNING id, username
)
INSERT INTO mail_box (name, kind, owner_id, created, description, join_policy, post_policy)
SELECT username, 'personal', id, now(), '', 'open', 'anyone' FROM made RETURNING owner_id
"""


def test_a_group_of_more_members_than_a_statement_takes_values_is_emptied_and_deleted(alice, crew):
    with connection.cursor() as cursor:
        cursor.execute(_MANY, [2**16])
        ids = [user_id for (user_id,) in cursor.fetchall()]
    other = services.groups.create(name="other", by=alice)
    services.groups.subscribe(source=crew, target=other, by=alice)
    for empty in (crew.group.user_set.clear, crew.group.delete):
        for some in batched(ids, services.memberships.AT_ONCE):
            crew.group.user_set.add(*some)
        assert crew.subscribers.count() > len(ids)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")  # as autovacuum would have done
        empty()
        assert not crew.subscribers.exclude(target=other).exists()
    assert not BoxCounter.objects.filter(fed=True).exists()


@pytest.mark.parametrize(("reached", "count"), [("0010_words", 0), ("", 1)])
def test_everyone_waits_until_the_database_is_migrated_all_the_way(db, reached, count):
    loader = MigrationLoader(connection)
    node = ("mail", reached) if reached else loader.graph.leaf_nodes("mail")[0]
    apps = loader.project_state(node).apps
    Box.objects.filter(kind=Box.Kind.EVERYONE).delete()
    post_migrate.send(sender=None, app_config=registry.get_app_config("mail"), apps=apps)
    assert Box.objects.filter(kind=Box.Kind.EVERYONE).count() == count
