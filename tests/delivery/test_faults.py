"""What fails between accepting a post and delivering it: processes, boxes and databases."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from mail import errors, selectors, services
from mail.delivery import group_commit
from mail.models import Box, DeliveredPost, Submission, User
from mail.services import audit

from .support import Rival, another_connection, found, held, uids, until, until_waiting, waiting

pytestmark = pytest.mark.django_db(transaction=True)

SENDING = """
import json
import sys
import django
django.setup()
from django.db import connection
connection.settings_dict.update(json.loads(sys.argv[1]))
from mail import services
from mail.models import User
services.sending.send(sender=User.objects.get(username="alice"), to=["bob", "crew"], subject="safe")
"""


def kill_a_process_that_sends(*, with_its_backend: bool) -> None:
    """Kill it while its delivery stands in line; its backend would stand there on."""
    keys = connection.settings_dict.keys() & {"NAME", "HOST", "EMBEDDED_ROOT"}
    database = {key: connection.settings_dict[key] for key in keys}
    process = subprocess.Popen(
        [sys.executable, "-c", SENDING, json.dumps(database)],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
    )
    try:
        until(lambda: waiting() == 1 or process.poll() is not None)
    finally:
        process.kill()
        process.wait()
    if with_its_backend:
        terminate_those_who_wait()
        until_waiting(0)


def terminate_those_who_wait() -> None:
    with another_connection() as other:
        other.execute(
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND wait_event_type = 'Lock'"""
        )


class TestCrash:
    def test_between_accepting_and_delivering_delays_mail_and_loses_none(
        self, alice, bob, crew, subjects
    ):
        with held(crew):
            kill_a_process_that_sends(with_its_backend=True)
        assert subjects(bob) == []
        assert Submission.objects.get().state == Submission.State.ACCEPTED

        call_command("deliver_pending")
        call_command("deliver_pending")

        assert subjects(bob) == subjects(alice) == subjects(alice, "sent") == ["safe"]
        assert Submission.objects.get().state == Submission.State.DELIVERED
        assert [finding for finding in audit.audit() if finding.wrong] == []

    def test_after_which_the_database_ends_what_it_was_told_delivers_nothing_twice(
        self, alice, bob, crew, subjects
    ):
        with held(crew):
            kill_a_process_that_sends(with_its_backend=False)
        services.sending.deliver_pending()

        assert subjects(bob) == subjects(alice) == subjects(alice, "sent") == ["safe"]
        assert uids(crew) == [1]

    def test_of_the_connection_only_is_not_noticed(self, alice, bob, subjects):
        with held(selectors.boxes.own_box(bob)):
            send = Rival(lambda: services.sending.send(sender=alice, to=["bob"], subject="again"))
            until_waiting(1)
            terminate_those_who_wait()
            until_waiting(0)
            until_waiting(1)  # it has come back by itself

        assert send.result().state == Submission.State.DELIVERED
        assert found(bob) == ["again"]


@contextmanager
def failing(box: Box) -> Iterator[None]:
    """A box into which nothing can be written."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'the disk of this box is full'; END $$;
                CREATE TRIGGER fail BEFORE INSERT ON mail_deliveredpost
                FOR EACH ROW WHEN (NEW.box_id = {box.pk}) EXECUTE FUNCTION fail()"""
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION fail() CASCADE")


@pytest.fixture
def people(db) -> Callable[[int], list[User]]:
    def people(count: int) -> list[User]:
        services.people.import_users(users=[User(username=f"u{n}") for n in range(count)])
        return list(User.objects.filter(username__startswith="u").order_by("pk"))

    return people


class TestFailingBox:
    def test_is_set_aside_with_its_error_and_stops_nobody_else(self, alice, people):
        users = people(9)
        box = selectors.boxes.own_box(users[4])

        with failing(box):
            submission = services.sending.send(
                sender=alice, to=[user.username for user in users], subject="hello"
            )

        assert submission.state == Submission.State.ACCEPTED
        (failed,) = submission.recipients.exclude(code="")
        assert (failed.box_id, failed.state, failed.code) == (box.pk, "pending", "unavailable")
        assert "the disk of this box is full" in failed.detail
        assert [len(found(user)) for user in users] == [1, 1, 1, 1, 0, 1, 1, 1, 1]
        assert found(alice, "sent") == ["hello"]

    def test_stays_due_until_it_is_delivered_once(self, alice, bob, charlie):
        with failing(selectors.boxes.own_box(bob)):
            services.sending.send(sender=alice, to=["bob", "charlie"], subject="hello")
            [again] = services.sending.deliver_pending()
            assert (again.state, again.attempts) == (Submission.State.ACCEPTED, 2)

        [finished] = services.sending.deliver_pending()
        assert (finished.state, finished.attempts) == (Submission.State.DELIVERED, 3)
        states = finished.recipients.values_list("state", "code", "detail", "next_attempt_at")
        assert set(states) == {("delivered", "", "", None)}
        tried = dict(finished.recipients.values_list("box__name", "attempts"))
        assert tried == {"bob": 3, "charlie": 1, "alice:sent": 1}
        assert found(bob) == found(charlie) == found(alice, "sent") == ["hello"]
        assert services.sending.deliver_pending() == []

    def test_is_not_tried_any_more_after_a_recall(self, alice, bob):
        with failing(selectors.boxes.own_box(bob)):
            submission = services.sending.send(sender=alice, to=["bob"], subject="hello")
        services.sending.recall(post=submission.post, by=alice)

        assert services.sending.deliver_pending() == []
        assert submission.recipients.get(box__name="bob").state == "withdrawn"
        assert found(bob) == found(alice, "sent") == []

    def test_whose_lock_is_not_granted_in_time_loses_no_mail(self, alice, bob):
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        try:
            with held(selectors.boxes.own_box(bob)):
                submission = services.sending.send(sender=alice, to=["bob"], subject="hello")
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
        assert submission.state == Submission.State.ACCEPTED
        assert found(bob) == []

        services.sending.deliver_pending()
        assert found(bob) == ["hello"]

    def test_leaves_no_gap_in_its_uids(self, alice, bob):
        box = selectors.boxes.own_box(bob)
        with failing(box):
            services.sending.send(sender=alice, to=["bob"], subject="lost")
        services.sending.send(sender=alice, to=["bob"], subject="next")

        assert uids(box) == [1]

    def test_does_not_hurt_those_whose_mail_was_taken_along(self, alice, bob, charlie, crew):
        """Two senders share one transaction while a third leads, with a copy that fails for one."""
        with failing(selectors.boxes.own_box(bob, "sent")):
            with held(crew):
                rivals = []
                for sender in (alice, bob, charlie):
                    send = partial(
                        services.sending.send, sender=sender, to=["crew"], subject=f"{sender}"
                    )
                    rivals.append(Rival(send))
                    until_waiting(1)  # alice; the others join her
                until(lambda: len(group_commit._waiting[crew.pk,]) == 2)
            states = [rival.result().state for rival in rivals]

        delivered, failed = Submission.State.DELIVERED, Submission.State.ACCEPTED
        assert states == [delivered, failed, delivered]
        subjects = DeliveredPost.objects.filter(box=crew).values_list("subject", flat=True)
        assert sorted(subjects) == ["alice", "bob", "charlie"]

    def test_that_is_the_senders_own_copy_stops_no_recipient(self, alice, bob, charlie):
        sent = selectors.boxes.own_box(alice, "sent")
        with failing(sent):
            submission = services.sending.send(sender=alice, to=["bob", "charlie"], subject="hello")

        assert found(bob) == found(charlie) == ["hello"]
        assert [row.box_id for row in submission.recipients.exclude(code="")] == [sent.pk]

    def test_keeps_the_senders_own_copy(self, alice, bob):
        with failing(selectors.boxes.own_box(bob)):
            services.sending.send(sender=alice, to=["bob"], subject="hello")

        assert found(alice, "sent") == ["hello"]


class TestBoxThatIsGone:
    def test_between_accepting_and_delivering_is_told_to_the_sender(
        self, alice, bob, crew, subjects
    ):
        gone = selectors.boxes.own_box(bob).pk
        with held(crew):
            kill_a_process_that_sends(with_its_backend=True)
        bob.delete()
        [submission] = services.sending.deliver_pending()

        assert submission.state == Submission.State.FAILED
        assert submission.recipients.get(box_id=gone).get_code_display() == (
            "There is no such box any more."
        )
        assert subjects(alice) == ["safe"]

    def test_leaves_nothing_in_boxes_that_are_not_there(self, alice, bob):
        box = selectors.boxes.own_box(bob)
        with held(box):
            delete = Rival(bob.delete)
            until_waiting(1)
            send = Rival(lambda: services.sending.send(sender=alice, to=["bob"], subject="late"))
            until_waiting(2)
        delete.result()

        assert send.result().state == Submission.State.FAILED
        assert not DeliveredPost.objects.filter(box_id=box.pk).exists()

    def test_of_the_sender_stops_nobody(self, alice, bob):
        with held(selectors.boxes.own_box(bob)):
            send = Rival(
                lambda: services.sending.send(sender=alice, to=["bob"], subject="farewell")
            )
            until_waiting(1)
            delete = Rival(alice.delete)  # waits for her own copy, which is just being made
            until_waiting(2)
        send.result()
        delete.result()

        assert found(bob) == ["farewell"]
        assert not DeliveredPost.objects.exclude(box__owner=bob).exists()


def test_what_cannot_be_accepted_is_told_and_leaves_nothing(alice, bob):
    with pytest.raises(errors.UnknownRecipient):
        services.sending.send(sender=alice, to=["bob", "nobody"])

    assert not Submission.objects.exists()
    assert found(bob) == []
