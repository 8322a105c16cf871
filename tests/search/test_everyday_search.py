"""What people of every language type into a search, and what they then find."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, reset_tzpath

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mail import selectors, services
from mail.content import validation
from mail.http import time_zones
from mail.models import Post, Submission, User, first_post_id
from mail.search import query, tokenizer


@pytest.fixture
def found(db):
    def found(user: User, typed: str) -> list[str]:
        hits = selectors.search.search(user, query.parse(typed))
        return [line.subject for line in hits.lines]

    return found


@pytest.fixture
def sent(alice, bob):
    def sent(subject: str, body: str = "", **more) -> Post:
        return services.sending.send(
            sender=alice, to=["bob"], subject=subject, body=body, **more
        ).post

    return sent


class TestDigits:
    @pytest.mark.parametrize("written", ["٢٠٢٦", "2026", "२०२६", "۲۰۲۶", "２０２６", "๒๐๒๖"])
    @pytest.mark.parametrize("typed", ["٢٠٢٦", "2026", "२०२६", "۲۰۲۶", "２０２６"])
    def test_of_any_script(self, bob, sent, found, written, typed):
        sent("of that year", f"in {written}")
        assert found(bob, typed) == ["of that year"]
        assert found(bob, "2027") == []

    def test_are_marked_where_they_stand(self):
        text = "سنة ٢٠٢٦ م"
        spans = tokenizer.spans(text, [tokenizer.Pattern.of("2026", beginning=True)])
        assert [text[start:end] for start, end in spans] == ["٢٠٢٦"]


class TestTyped:
    @pytest.mark.parametrize(
        "typed",
        [
            *[
                '"bonjour monde"',
                "«bonjour monde»",
                "« bonjour monde »",
                "„bonjour monde“",
                "‹bonjour monde›",
            ],
            *[
                "“bonjour monde”",
                "「bonjour monde」",
                "『bonjour monde』",
                "＂bonjour monde＂",
                "»bonjour monde«",
            ],
        ],
    )
    def test_a_phrase_in_the_quotes_of_any_language(self, bob, sent, found, typed):
        sent("right", "bonjour monde")
        sent("wrong", "monde bonjour")
        assert found(bob, typed) == ["right"]

    @pytest.mark.parametrize(
        "typed", ["from：alice", "FROM：alice", "to：bob subject：x", "is：unread", "in：inbox"]
    )
    def test_a_full_width_colon_is_one(self, bob, sent, found, typed):
        sent("x")
        assert found(bob, typed) == ["x"]

    @pytest.mark.parametrize(
        "typed", ["-secret", "－secret", "−secret", '-"secret"', "-subject:secret"]
    )
    def test_one_dash_leaves_out(self, bob, sent, found, typed):
        sent("secret")
        sent("open")
        assert found(bob, f"{typed} in:inbox") == ["open"]

    @pytest.mark.parametrize(
        "typed", ["--oneline", "---oneline", "git log --oneline", '"--oneline"']
    )
    def test_two_dashes_are_an_option_of_a_program(self, bob, sent, found, typed):
        sent("how", "git log --oneline")
        sent("other", "git status")
        assert found(bob, typed) == ["how"]
        assert query.parse(str(query.parse(typed))) == query.parse(typed)


class TestFullNames:
    @pytest.fixture
    def mira(self, bob):
        mira = User.objects.create_user("mo17", first_name="Mira", last_name="Okafor")
        services.sending.send(sender=mira, to=["bob"], subject="by her", body="nothing")
        services.sending.send(sender=bob, to=["mo17"], subject="to her")
        return mira

    @pytest.mark.parametrize(
        "typed", ["Mira Okafor", "okafor", "MIRA", "okafor mira", '"Mira Okafor"', '"okafor mira"']
    )
    def test_find_what_they_wrote_and_got(self, bob, mira, found, typed):
        assert set(found(bob, typed)) == {"by her", "to her"}

    @pytest.mark.parametrize("typed", ["mir", "okaforova", "mira nobody", '"mira x"'])
    def test_only_as_they_are_called(self, bob, mira, found, typed):
        assert found(bob, typed) == []

    def test_beside_other_words_and_not_in_the_body(self, bob, mira, alice, sent, found):
        sent("of a username", "ask mo17 about it")
        assert found(bob, "mira nothing") == ["by her"]
        assert found(bob, "-okafor in:inbox") == ["of a username"]
        assert found(bob, "subject:mira") == []

    @pytest.mark.parametrize(
        ("first", "last", "typed"),
        [
            *[("伟", "张", "张伟"), ("伟", "张", "from:张伟"), ("伟", "张", '"伟 张"')],
            *[("Antonín", "Dvořák", "dvorak"), ("Antonín", "Dvořák", 'from:"dvorak antonin"')],
            *[("Jörg", "Müller", "muller jorg"), ("Anna", "Schmidt", 'from:"schmidt anna"')],
        ],
    )
    def test_in_any_order_without_accents(self, bob, found, first, last, typed):
        person = User.objects.create_user("q1", first_name=first, last_name=last)
        services.sending.send(sender=person, to=["bob"], subject="theirs")
        assert found(bob, typed) == ["theirs"]

    def test_cost_one_read_by_index_at_any_size(self, bob, found):
        def reads() -> int:
            with CaptureQueriesContext(connection) as queries:
                found(bob, "mira okafor")
            return len(queries)

        few = reads()
        services.people.import_users(
            users=[
                User(username=f"u{n}", first_name=f"F{n}", last_name=f"L{n}") for n in range(3000)
            ]
        )
        assert reads() == few


class TestFiles:
    def test_are_found_by_name(self, alice, bob, attach, found):
        draft = services.drafts.save(owner=alice, to="bob", subject="see there")
        attach(draft, name="Protokoll_Sitzung-2026.pdf")
        services.drafts.send(draft=draft)
        for typed in (
            "protokoll",
            "Sitzung 2026",
            "Protokoll_Sitzung-2026.pdf",
            "has:attachment pdf",
        ):
            assert found(bob, typed) == ["see there"]
        assert found(bob, "subject:protokoll") == []

    def test_also_of_posts_that_are_indexed_anew(self, alice, bob, attach, found):
        draft = services.drafts.save(owner=alice, to="bob", subject="see there")
        attach(draft, name="minutes.pdf")
        services.drafts.send(draft=draft)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE mail_postwords SET version = 2, words = ''")
        assert found(bob, "minutes") == []
        assert services.upkeep.index_posts() == 1
        assert found(bob, "minutes") == ["see there"]


class TestDrafts:
    @pytest.fixture
    def drafts(self, alice, bob, attach):
        made = services.drafts.save(owner=alice, to="bob", subject="Plan", body="the café at noon")
        attach(made, name="map.pdf")
        services.drafts.save(owner=alice, subject="Other", body="nothing")
        services.drafts.save(owner=bob, subject="Plan of bob")

    @pytest.mark.parametrize(
        ("typed", "subjects"),
        [
            *[
                ("in:drafts cafe", ["Plan"]),
                ("in:drafts", ["Other", "Plan"]),
                ("in:drafts -plan", ["Other"]),
            ],
            *[
                ("in:drafts map", ["Plan"]),
                ("in:DRAFTS to:bob", ["Plan"]),
                ("in:drafts subject:cafe", []),
            ],
            *[("in:drafts has:attachment", ["Plan"]), ("in:drafts from:alice", ["Other", "Plan"])],
            *[
                ("in:drafts after:2020-01-01", ["Other", "Plan"]),
                ("in:drafts before:2020-01-01", []),
            ],
            ("in：drafts plan", ["Plan"]),
        ],
    )
    def test_are_found(self, alice, drafts, signed_in, typed, subjects):
        client = signed_in(alice)
        page = client.get("/search/", {"q": typed}, follow=True)
        assert page.status_code == 200
        assert [draft.subject for draft in page.context["page"]] == subjects

    def test_a_folder_of_that_name_is_meant_where_there_is_one(self, alice, drafts, signed_in):
        services.folders.create(owner=alice, name="Drafts")
        assert signed_in(alice).get("/search/", {"q": "in:drafts plan"}).status_code == 200


class TestDays:
    """A day is the person's, whichever way they ask."""

    @pytest.fixture
    def around(self, alice, bob):
        """In Pago Pago, 11 hours behind UTC, it is the 26th, and the 27th after that."""
        for subject, hour in (("before", 10), ("after", 12)):
            post = services.sending.send(sender=alice, to=["bob"], subject=subject).post
            moment = datetime(2026, 11, 27, hour, tzinfo=UTC)
            new = first_post_id(moment)
            with connection.cursor() as cursor:
                for table, column in (
                    ("mail_deliveredpost", "post_id"),
                    ("mail_postwords", "post_id"),
                ):
                    cursor.execute(
                        f"UPDATE {table} SET {column} = %s WHERE {column} = %s", [new, post.pk]
                    )
                Submission.objects.filter(post=post.pk).delete()
                cursor.execute("UPDATE mail_post SET id = %s WHERE id = %s", [new, post.pk])
        User.objects.filter(pk=bob.pk).update(time_zone="Pacific/Pago_Pago")

    def asked(self, client, **more) -> list[str]:
        answer = client.get(
            "/postapi/delivered-posts", {"boxname": "bob", "q": "after:2026-11-27"}, **more
        )
        assert answer.status_code == 200, answer.content
        return [each["subject"] for each in answer.json()]

    def test_by_the_api(self, bob, around, client, signed_in):
        basic = "Basic Ym9iOmRlYWRiZWVm"  # bob:deadbeef
        _token, secret = services.account.create_token(user=bob, name="t", read_only=False)
        assert self.asked(client, HTTP_AUTHORIZATION=basic) == ["after"]
        assert self.asked(client, HTTP_AUTHORIZATION=f"Bearer {secret}") == ["after"]
        bob.refresh_from_db()
        assert self.asked(signed_in(bob)) == ["after"]

    def test_by_the_browser_and_in_actions(self, bob, around, client, signed_in):
        bob.refresh_from_db()
        page = signed_in(bob).get("/search/", {"q": "after:2026-11-27"})
        assert [hit["line"].subject for hit in page.context["hits"]] == ["after"]
        answer = client.post(
            "/postapi/actions/mark-read",
            {"q": "after:2026-11-27"},
            content_type="application/json",
            HTTP_AUTHORIZATION="Basic Ym9iOmRlYWRiZWVm",
        )
        assert answer.status_code == 200, answer.content
        assert selectors.boxes.unread_counts(bob) == {"": 1}

    def test_nobodys_zone_stays_behind(self, alice, bob, around, client):
        self.asked(client, HTTP_AUTHORIZATION="Basic Ym9iOmRlYWRiZWVm")
        answer = client.get("/postapi/users", HTTP_AUTHORIZATION="Basic YWxpY2U6ZGVhZGJlZWY=")
        assert answer.status_code == 200
        assert timezone.get_current_timezone_name() == "UTC"


class TestZones:
    @pytest.mark.parametrize(
        "zone", ["Asia/Calcutta", "US/Eastern", "Asia/Katmandu", "Asia/Kolkata"]
    )
    def test_of_old_names_are_known_where_the_system_has_none(self, alice, signed_in, zone):
        reset_tzpath(to=[])
        time_zones._zones.cache_clear()
        ZoneInfo.clear_cache()
        try:
            client = signed_in(alice)
            client.cookies["tz"] = zone.replace("/", "%2F")
            client.get("/inbox/")
            assert timezone.get_current_timezone_name() == zone
        finally:
            reset_tzpath()
            time_zones._zones.cache_clear()
            ZoneInfo.clear_cache()
            timezone.deactivate()


@pytest.mark.parametrize(
    "subject",
    [
        "\u200b",
        "\u200b\u200d\u2060",
        "\ufeff",
        "\u00ad\u00ad",
        "\u3164",
        "\u2800",
        " \u200b ",
        "\ufe0f",
    ],
)
def test_a_subject_that_nobody_sees_is_none(alice, bob, signed_in, subject):
    assert validation.subject(subject) == ""
    services.sending.send(sender=alice, to=["bob"], subject=subject)
    assert "(no subject)" in signed_in(bob).get("/inbox/").text


@pytest.mark.parametrize("subject", ["👨‍👩‍👧", "a\u200bb", "می‌خواهم", "é", ".", "❤️"])
def test_one_that_is_seen_stays(subject):
    assert validation.subject(subject) == subject


def test_an_excerpt_is_cut_between_graphemes():
    family = "👨‍👩‍👧‍👦"
    for before in range(12):
        text = "x" * before + family * 40 + " needle " + family * 60
        made = tokenizer.excerpt(text, [tokenizer.Pattern.of("needle", beginning=True)], length=200)
        assert "needle" in made
        for part in made.removeprefix("…").replace("x", "").split("needle"):
            assert part.strip() == family * (len(part.strip()) // len(family))
