"""What somebody has muted arrives like the rest, but read; what was posted before does not."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mail import db, errors, selectors, services
from mail.models import Box, DeliveredPost, MutedThread, Post, User

pytestmark = pytest.mark.django_db


def found(user: User) -> dict[str, bool]:
    """What is in a person's box after a sync, and whether it is read."""
    box = selectors.boxes.own_box(user)
    services.mailbox.sync(box=box)
    rows = DeliveredPost.objects.filter(box=box)
    return {row.subject: row.is_read for row in rows}


def send(sender: User, *to: str, subject: str, answers: Post | None = None) -> Post:
    in_reply_to = None if answers is None else answers.pk
    return services.sending.send(
        sender=sender, to=to, subject=subject, in_reply_to=in_reply_to
    ).post


class TestGroup:
    def test_arrives_read_from_then_on_and_unread_again_after(self, alice, bob, crew):
        send(alice, "crew", subject="before")
        services.muting.mute_group(box=crew, user=bob)
        send(alice, "crew", subject="muted")
        services.muting.unmute_group(box=crew, user=bob)
        send(alice, "crew", subject="after")

        assert found(bob) == {"before": False, "muted": True, "after": False}

    def test_is_one_person_s_matter(self, alice, bob, crew):
        services.muting.mute_group(box=crew, user=bob)
        send(alice, "crew", subject="one")
        services.memberships.join(box=crew, user=(cy := User.objects.create_user("cy")), by=cy)
        send(bob, "crew", subject="two")

        assert found(alice) == {"one": True, "two": False}  # the first is her own
        assert found(cy) == {"two": False}

    def test_does_not_silence_what_comes_another_way_as_well(self, alice, bob, crew):
        other = services.groups.create(name="other", by=alice)
        services.memberships.join(box=other, user=bob, by=bob)
        services.muting.mute_group(box=crew, user=bob)
        send(alice, "crew", "other", subject="by two groups")
        send(alice, "crew", "bob", subject="by name")
        services.muting.mute_group(box=other, user=bob)
        send(alice, "crew", "other", subject="by two muted groups")

        assert found(bob) == {
            "by two groups": False,
            "by name": False,
            "by two muted groups": True,
        }

    def test_who_leaves_is_served_as_who_stays(self, alice, bob, crew):
        services.muting.mute_group(box=crew, user=bob)
        send(alice, "crew", subject="last")
        bob.groups.remove(crew.group)

        assert found(bob) == {"last": True}

    def test_who_joins_again_has_muted_nothing(self, alice, bob, crew):
        services.muting.mute_group(box=crew, user=bob)
        bob.groups.clear()
        services.memberships.join(box=crew, user=bob, by=bob)
        send(alice, "crew", subject="anew")

        assert found(bob) == {"anew": False}

    def test_a_muted_group_that_is_fed_by_another(self, alice, bob, crew):
        source = services.groups.create(name="source", by=alice)
        services.groups.subscribe(source=source, target=crew, by=alice)
        services.muting.mute_group(box=crew, user=bob)
        send(alice, "source", subject="from above")

        assert found(bob) == {"from above": True}

    def test_only_by_members_and_never_everyone(self, alice, charlie, crew, everyone):
        for box, user in (
            (crew, charlie),
            (everyone, alice),
            (selectors.boxes.own_box(alice), alice),
        ):
            for change in (services.muting.mute_group, services.muting.unmute_group):
                with pytest.raises(errors.MutingNotAllowed):
                    change(box=box, user=user)


class TestConversation:
    def test_arrives_read_however_it_comes(self, alice, bob, charlie, crew):
        first = send(alice, "crew", subject="first")
        found(bob)
        services.muting.mute_thread(user=bob, thread=first.thread)
        services.muting.mute_thread(user=bob, thread=first.thread)
        answer = send(alice, "crew", subject="to the group", answers=first)
        send(alice, "bob", "charlie", subject="by name", answers=answer)
        send(alice, "crew", subject="another")

        assert found(bob) == {
            "first": False,
            "to the group": True,
            "by name": True,
            "another": False,
        }
        assert found(charlie) == {"by name": False}

    def test_until_it_is_muted_no_more(self, alice, bob, crew):
        first = send(alice, "crew", subject="first")
        services.muting.mute_thread(user=bob, thread=first.thread)
        send(alice, "crew", subject="muted", answers=first)
        assert services.muting.unmute_thread(user=bob, thread=first.thread) is True
        send(alice, "crew", subject="after", answers=first)

        assert found(bob) == {"first": False, "muted": True, "after": False}
        assert services.muting.unmute_thread(user=bob, thread=first.thread) is False

    def test_who_leaves_is_served_as_who_stays(self, alice, bob, charlie, crew):
        services.memberships.join(box=crew, user=charlie, by=charlie)
        first = send(alice, "crew", subject="first")
        services.muting.mute_thread(user=bob, thread=first.thread)
        send(alice, "crew", subject="answer", answers=first)
        send(alice, "crew", subject="another")
        crew.group.user_set.remove(bob, charlie)

        assert found(bob) == {"first": False, "answer": True, "another": False}
        assert found(charlie) == {"first": False, "answer": False, "another": False}

    def test_of_which_one_has_no_post_is_unknown(self, alice, bob, charlie, crew):
        first = send(alice, "crew", subject="first")
        found(charlie)
        for thread in (first.thread, uuid4()):
            with pytest.raises(errors.ThreadUnknown):
                services.muting.mute_thread(user=charlie, thread=thread)
        services.muting.mute_thread(user=alice, thread=first.thread)  # who wrote it may

        assert MutedThread.objects.get().box == selectors.boxes.own_box(alice)

    def test_is_told_to_nobody_else(self, alice, bob, crew):
        threads = [send(alice, "crew", subject=f"{n}").thread for n in range(3)]
        for thread in threads:
            services.muting.mute_thread(user=bob, thread=thread)

        assert [thread for thread, _ in selectors.muting.muted_threads(bob)] == threads[::-1]
        (last, _), *_ = selectors.muting.muted_threads(bob, before=threads[2], limit=1)
        assert last == threads[1]
        assert selectors.muting.muted_threads(alice) == []
        assert selectors.muting.is_muted(bob, threads[0])
        assert not selectors.muting.is_muted(alice, threads[0])


class TestCost:
    def pulled(self, box: Box) -> int:
        with CaptureQueriesContext(connection) as queries:
            services.mailbox.sync(box=box)
        return sum("SAVEPOINT" not in query["sql"] for query in queries)

    def test_of_a_pull_is_one_read_more_for_who_has_muted_conversations(
        self, alice, bob, crew, fill
    ):
        box = selectors.boxes.own_box(bob)
        fill(crew, 1)
        usual = self.pulled(box)
        threads = [send(alice, "crew", subject=f"{n}").thread for n in range(20)]
        self.pulled(box)
        services.muting.mute_thread(user=bob, thread=threads[0])
        fill(crew, 1)
        assert self.pulled(box) == usual + 1

        for thread in threads[1:]:
            services.muting.mute_thread(user=bob, thread=thread)
        services.muting.mute_group(box=crew, user=bob)
        fill(crew, db.BATCH - 1)
        assert self.pulled(box) == usual + 1

    def test_of_a_pull_of_nothing_stays_one_statement(self, alice, bob, crew):
        thread = send(alice, "crew", subject="first").thread
        services.muting.mute_thread(user=bob, thread=thread)

        assert self.pulled(selectors.boxes.own_box(bob)) == 1
