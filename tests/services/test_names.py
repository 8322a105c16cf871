"""Names: which there may be, which look alike, and that none is ever given twice."""

import time
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from mail import errors, names, selectors, services
from mail.content import replies
from mail.models import Box, JoinRequest, ReservedName, User


class TestScripts:
    """Letters with the marks that their scripts write on them."""

    @pytest.mark.parametrize(
        "name",
        [
            *["हिन्दी", "मराठी विभाग", "ไทย", "ผู้ดูแล", "العَرَبِيَّة", "مُحَمَّد", "עִבְרִית", "தமிழ்"],
            *["বাংলা", "မြန်မာ", "ខ្មែរ", "བོད", "Việt", "zoé", "张伟", "김민수", "a_b.c@d+e-f"],
        ],
    )
    def test_are_taken(self, alice, bob, name, subjects):
        box = services.groups.create(name=name, by=alice)
        services.memberships.join(box=box, user=bob, by=bob)
        services.sending.send(sender=alice, to=[name], subject="there")
        assert subjects(bob) == ["there"]

    @pytest.mark.parametrize(
        "name",
        [
            *[
                "\u0301a",
                "a \u0301b",
                "a\u200bb",
                "a\u034fb",
                "a\ufe0fb",
                "a\u115fb",
                "\u3164",
                "a\u20ddb",
            ],
            *[
                "a" + "\u0316" * 5,
                "a\u202eb",
                "a\u00adb",
                "a\U000e0101",
                "a/b",
                "a:b",
                "a,b",
                "a،b",
                ".",
            ],
        ],
    )
    def test_marks_that_hide_or_pile_up_are_not(self, alice, name):
        with pytest.raises(errors.NameInvalid):
            services.groups.create(name=name, by=alice)


class TestLength:
    """One letter may be 18 after normalisation, so what is too long is refused before."""

    LONG = "\ufdfa" * 1_000_000  # 3 MB

    def test_is_refused_at_once(self, alice, bob):
        begun = time.process_time()
        for refused in (names.check, lambda name: names.check_folder("alice", name)):
            with pytest.raises(errors.NameInvalid):
                refused(self.LONG)
        with pytest.raises(errors.UnknownRecipient) as refusal:
            services.sending.send(sender=alice, to=["bob", self.LONG])
        assert len(str(refusal.value)) < 300
        assert selectors.recipients.audience([self.LONG]).people == 0
        assert selectors.recipients.completions(alice, self.LONG) == []
        assert time.process_time() - begun < 2  # it was 35 s for each

    def test_nothing_long_equals_a_name(self, alice):
        for name in ("alice" + "x" * 300, "alice" + "\ufdfa" * 100, "x" * 255 + "alice"):
            assert len(names.fold(name)) > names.MAX_FULL
        assert names.fold(" " * 300 + "Alice") == "alice"

    def test_the_longest_is_taken(self, alice):
        assert services.groups.create(name="x" * 150, by=alice).name == "x" * 150
        with pytest.raises(errors.NameInvalid):
            services.groups.create(name="x" * 151, by=alice)


class TestConfusable:
    """By the skeletons of UTS 39; some of what looks alike is within one script."""

    @pytest.mark.parametrize("kind", ["person", "group"])
    @pytest.mark.parametrize(
        ("there", "name"),
        [
            *[("clara", "сlara"), ("clara", "clаrа"), ("clara", "c1ara"), ("Kaffee", "Kаffee")],
            *[("modern", "modem"), ("modem", "modern"), ("sales10", "saleslo")],
            *[("СССР", "cccp"), ("büro", "bürо"), ("νικος", "vıкоς")],
        ],
    )
    def test_with_a_person_or_a_group(self, alice, there, name, kind):
        if kind == "person":
            User.objects.create_user(there)
        else:
            services.groups.create(name=there, by=alice)
        with pytest.raises(errors.NameConfusable, match=there):
            services.groups.create(name=name, by=alice)
        assert not Group.objects.filter(name=name).exists()

    @pytest.mark.parametrize(
        "name", ["everуone", "eveгyone", "аll", "a11", "postrnaster", "nоreply"]
    )
    def test_with_a_reserved_word(self, alice, name):
        with pytest.raises(errors.NameInvalid):
            services.groups.create(name=name, by=alice)
        with pytest.raises(ValidationError):
            User.objects.create_user(name)

    @pytest.mark.parametrize(
        "name", ["klara", "Klára", "clar", "claraa", "сара", "clara2", "carla", "c.lara"]
    )
    def test_others_are_taken(self, alice, name):
        User.objects.create_user("clara")
        assert services.groups.create(name=name, by=alice).name == name

    def test_in_the_admin_and_by_django(self, alice):
        User.objects.create_user("clara")
        with pytest.raises(errors.NameConfusable):
            Group.objects.create(name="сlara")
        with pytest.raises(errors.NameConfusable):
            services.groups.check_name(name="сlara")

    def test_with_who_was_deleted(self, alice):
        User.objects.create_user("clara").delete()
        with pytest.raises(errors.NameConfusable):
            services.groups.create(name="сlara", by=alice)

    def test_costs_one_read_at_any_size(self, alice):
        for size in (10, 3000):
            services.people.import_users(users=[User(username=f"u{size}-{n}") for n in range(size)])
            with CaptureQueriesContext(connection) as queries:
                assert selectors.looks.looking_like("anna") is None
            assert len(queries) == 1

    def test_a_person_is_named_by_those_who_may(self, alice):
        """Staff know whom they name; a group must not keep a person out."""
        services.groups.create(name="сlara", by=alice)
        assert User.objects.create_user("clara").boxes.count() == 4


class TestNeverGivenAgain:
    def test_who_is_deleted_leaves_a_reserved_name(self, alice, bob, charlie, subjects):
        post = services.sending.send(sender=bob, to=["alice"], subject="old").post
        bob.delete()
        for name in ("bob", "BOB"):
            with pytest.raises(ValidationError, match="taken"):
                User.objects.create_user(name)
            with pytest.raises(errors.NameTaken):
                services.groups.create(name=name, by=alice)
            with pytest.raises(errors.NameTaken):
                services.people.import_users(users=[User(username=name)])
            with pytest.raises(ValidationError):
                User(username=name, password="x").full_clean()
            with pytest.raises(errors.NameTaken):
                services.groups.check_name(name=name)
        assert not Group.objects.exists()
        post.refresh_from_db()
        assert post.sender_name == "bob"
        assert subjects(alice) == ["old"]
        with pytest.raises(errors.UnknownRecipient):
            services.sending.send(
                sender=alice, to=[replies.reply(post, alice)["to"]], subject="Re: old"
            )

    def test_many_at_once_too(self, db):
        services.people.import_users(users=[User(username=f"u{n}") for n in range(50)])
        User.objects.filter(username__startswith="u").delete()
        assert ReservedName.objects.count() == 50

    def test_past_all_signals_nobody_gets_the_box(self, alice, bob):
        bob.delete()
        User.objects.bulk_create([User(username="bob", password="!")])
        services.people.provision(user_ids=list(User.objects.values_list("pk", flat=True)))
        assert not Box.objects.named("bob").exists()

    def test_a_group_that_is_made_again_starts_from_nothing(self, alice, bob, charlie, crew):
        services.groups.describe(
            box=crew, by=alice, description="old", join_policy="manager", post_policy="managers"
        )
        Box.objects.filter(pk=crew.pk).update(mandatory=True)
        services.memberships.ask(box=crew, user=charlie)
        crew.group.delete()
        JoinRequest.objects.create(box=crew, user=charlie)  # on its way meanwhile
        crew.managers.add(alice)
        Group.objects.create(name="crew")
        again = Box.objects.get(name="crew")
        assert (again.pk, again.description, again.mandatory) == (crew.pk, "", False)
        assert (again.join_policy, again.post_policy) == ("open", "anyone")
        assert not again.managers.exists()
        assert not again.join_requests.exists()
        assert not again.subscribers.exists()


class TestNormalised:
    NFD = "zoe\u0301"

    def test_import_users_stores_it_so_and_refuses_a_twin(self, alice, tmp_path, subjects):
        file = tmp_path / "people.csv"
        file.write_text(f"username\n{self.NFD}\n")
        call_command("import_users", str(file))
        zoe = User.objects.get(username="zoé")
        services.sending.send(sender=alice, to=["zoé"], subject="one")
        services.sending.send(sender=alice, to=[self.NFD], subject="two")
        assert subjects(zoe) == ["two", "one"]
        for twin in ("zoé", self.NFD, "ZOÉ", "ｚoé"):
            file.write_text(f"username\n{twin}\n")
            with pytest.raises(CommandError, match="taken"):
                call_command("import_users", str(file))
        file.write_text("username\nanaë\nanae\u0308\n")
        with pytest.raises(CommandError, match="taken"):
            call_command("import_users", str(file))

    def test_whatever_way_a_person_or_a_group_is_made(self, db):
        User.objects.create(username=self.NFD, password="!")
        assert User.objects.get().username == "zoé"
        Group.objects.create(name="bu\u0308ro")
        assert Group.objects.get().name == "büro"

    def test_one_signs_in_with_either(self, client, db):
        User.objects.create_user(self.NFD, password="deadbeef")
        for typed in ("zoé", self.NFD):
            answer = client.post("/sign-in/", {"username": typed, "password": "deadbeef"})
            assert answer.status_code == 302
            client.logout()


class TestDeactivated:
    @pytest.mark.parametrize("field", ["to", "cc", "bcc"])
    def test_the_sender_is_told_and_nothing_is_stored(self, alice, bob, charlie, subjects, field):
        User.objects.filter(pk=bob.pk).update(is_active=False)
        given: dict[str, Any] = {"to": ["charlie"], field: ["charlie", "Bob"]}
        with pytest.raises(errors.RecipientInactive, match="bob") as refusal:
            services.sending.send(sender=alice, subject="hello", **given)
        assert (refusal.value.field, refusal.value.code) == (field, "recipient-inactive")
        assert subjects(charlie) == subjects(alice, "sent") == []

    def test_also_of_a_post_that_is_stored_already(self, alice, bob):
        post = services.sending.store(sender=alice, subject="x")
        User.objects.filter(pk=bob.pk).update(is_active=False)
        with pytest.raises(errors.RecipientInactive):
            services.sending.deliver(post=post, box=selectors.boxes.own_box(bob), by=alice)

    def test_the_window_says_so(self, alice, bob, signed_in):
        User.objects.filter(pk=bob.pk).update(is_active=False)
        chips = signed_in(alice).get("/compose/recipients/", {"names": "bob，nobody、alice"}).text
        assert "gets no mail any more" in chips
        assert chips.count("<li") == 3


@pytest.mark.parametrize("between", ["，", "；", "、", "،", "؛", ", ", ";", "\n", "､", " ， "])
def test_recipients_are_separated_as_people_type_it(between):
    assert names.split(between.join(["alice", "张伟", "محمد"]) + between) == [
        "alice",
        "张伟",
        "محمد",
    ]


class TestAnswers:
    """One prefix, whatever languages an exchange went through."""

    @pytest.mark.parametrize(
        ("subject", "answered"),
        [
            *[
                ("回复：AW: Re: RE : رد: hi", "Re: hi"),
                ("Re[2]: hi", "Re: hi"),
                ("RE: Re: hi", "Re: hi"),
            ],
            *[
                ("RE：hi", "RE：hi"),
                ("RE：回复：hi", "Re: hi"),
                ("Re (3): hi", "Re: hi"),
                ("Re^2: hi", "Re: hi"),
            ],
            *[("Antw.: hi", "Antw.: hi"), ("SV: VS: hi", "Re: hi"), ("Re:Re:Re:", "Re:")],
            *[("Re: Fwd: Re: WG: hi", "Re: Fwd: hi"), ("TR : hi", "Re: TR : hi")],
            *[("Reise: Plan", "Re: Reise: Plan"), ("R: a language", "Re: R: a language")],
            *[("Resume: x", "Re: Resume: x"), ("re hi", "Re: re hi"), ("Res", "Re: Res")],
        ],
    )
    def test_answering(self, alice, subject, answered):
        post = services.sending.store(sender=alice, subject=subject)
        assert replies.reply(post, alice)["subject"] == answered

    @pytest.mark.parametrize(
        ("subject", "forwarded"),
        [
            *[
                ("转发：Fwd: WG: hi", "Fwd: hi"),
                ("Re: Fwd: Re: hi", "Fwd: Re: hi"),
                ("RV: hi", "RV: hi"),
            ],
            *[("Re: AW: hi", "Fwd: Re: hi"), ("TRAP: hi", "Fwd: TRAP: hi")],
        ],
    )
    def test_forwarding(self, alice, subject, forwarded):
        post = services.sending.store(sender=alice, subject=subject)
        assert replies.forward(post, alice)["subject"] == forwarded

    def test_a_chain_through_every_language_does_not_grow(self, alice, settings):
        subject = "hi"
        for _ in range(3):
            for language, _name in settings.LANGUAGES:
                with translation.override(language):
                    post = services.sending.store(sender=alice, subject=subject)
                    subject = replies.reply(post, alice)["subject"]
        assert len(subject) < len("回复： hi") + 3
