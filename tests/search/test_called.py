"""People are found by what they are called today, in `from:` and `to:`."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import example, given
from hypothesis import strategies as st

from mail import selectors, services
from mail.models import Flag, User
from mail.search import people, tokenizer
from mail.search.people import CALLED, named
from mail.search.query import parse

pytestmark = pytest.mark.django_db


@pytest.fixture
def found():
    """The subjects that a person's search gives, newest first."""

    def found(user: User, typed: str) -> list[str]:
        return [line.subject for line in selectors.search.search(user, parse(typed)).lines]

    return found


@pytest.fixture
def person():
    """Make somebody who is called so."""

    def person(username: str, first_name: str, last_name: str) -> User:
        return User.objects.create_user(username, first_name=first_name, last_name=last_name)

    return person


@pytest.mark.parametrize(
    ("first_name", "last_name", "typed"),
    [
        ("Anna", "Schmidt", "anna"),
        ("Anna", "Schmidt", "SCHMIDT"),
        ("Anna", "Schmidt", '"anna schmidt"'),
        ("Anna-Maria", "von Berg", "maria"),
        ("Anna-Maria", "von Berg", "anna-maria"),
        ("Anna-Maria", "von Berg", '"maria von berg"'),
        ("José", "Núñez", "jose"),
        ("José", "Núñez", '"JOSÉ nunez"'),
        ("Łukasz", "Weiß", "lukasz"),
        ("Łukasz", "Weiß", "weiss"),
        ("Søren", "Kjær", "kjaer"),
        ("Jürgen", "MÜLLER", "müller"),
        ("Ελένη", "Σίμου", "ελενη"),
        ("Артём", "Йовович", "артем"),
        ("小明", "王", "小明"),
        ("فاطمة", "الزهراء", "فاطمه"),
        ("", "O'Neil", "o'neil"),
    ],
)
def test_by_any_word_of_the_name_without_case_and_accents(
    bob, person, found, first_name, last_name, typed
):
    services.sending.send(sender=person("p17", first_name, last_name), to=["bob"], subject="theirs")
    services.sending.send(sender=bob, to=["bob"], subject="own")
    assert found(bob, f"from:{typed} in:inbox") == ["theirs"]
    assert found(bob, f"-from:{typed} in:inbox") == ["own"]


@pytest.mark.parametrize("typed", ["ann", "schmid", "nna", "annaschmidt"])
def test_not_by_parts_of_words(bob, person, found, typed):
    services.sending.send(sender=person("p17", "Anna", "Schmidt"), to=["bob"], subject="theirs")
    assert found(bob, f"from:{typed}") == []


def test_usernames_are_found_as_before(alice, bob, person, found):
    services.sending.send(sender=alice, to=["bob"], subject="by username")
    services.sending.send(sender=person("p17", "Alice", "Berg"), to=["bob"], subject="by name")
    assert found(bob, "from:alice") == ["by name", "by username"]
    assert found(bob, "from:p17") == ["by name"]
    assert found(bob, "alice in:inbox") == ["by name", "by username"]


def test_recipients(alice, bob, person, found):
    person("p17", "Anna", "Schmidt")
    services.groups.create(name="p18", by=alice)
    services.sending.send(sender=bob, to=["p17"], subject="to")
    services.sending.send(sender=bob, to=["alice"], cc=["p17"], subject="cc")
    services.sending.send(sender=bob, to=["alice"], bcc=["p17"], subject="bcc")
    services.sending.send(sender=bob, to=["p18"], subject="to a group")
    assert found(bob, "to:anna") == ["cc", "to"]
    assert found(bob, "to:anna to:alice") == ["cc"]
    assert found(bob, "from:anna") == []


def test_names_of_several_words_and_of_signs_only(bob, person, found):
    for username in ("anna.schmidt", "schmidt.anna", "+-_"):
        sender = person(username, "Zoe", "Kim")
        services.sending.send(sender=sender, to=["bob"], subject=username)
    assert found(bob, "from:zoe") == ["schmidt.anna", "anna.schmidt"]
    assert found(bob, "from:zoe from:schmidt.anna") == ["schmidt.anna"]


def test_a_new_name_finds_what_was_written_under_the_old_one(bob, person, found):
    anna = person("p17", "Anna", "Schmidt")
    services.sending.send(sender=anna, to=["bob"], subject="theirs")
    User.objects.filter(pk=anna.pk).update(last_name="Berg")
    assert found(bob, "from:berg") == ["theirs"]
    assert found(bob, "from:schmidt") == []


def test_me_is_oneself(alice, bob, person, found):
    called_me = person("p17", "Me", "Bob")
    services.sending.send(sender=bob, to=["alice"], subject="own")
    services.sending.send(sender=alice, to=["bob", "p17"], subject="to bob")
    services.sending.send(sender=called_me, to=["alice"], subject="of somebody called so")
    assert found(bob, "from:me") == ["own"]
    assert found(bob, "to:Me in:inbox") == ["to bob"]
    assert found(alice, "in:inbox -from:me") == ["of somebody called so", "own"]
    assert found(alice, 'from:"me"') == ["of somebody called so"]
    assert found(alice, "subject:me") == []
    services.folders.create(owner=bob, name="things")
    assert found(bob, "in:things from:me") == []


def test_me_in_the_readers_language_and_beside_ones_own_name(bob, person, found, monkeypatch):
    services.sending.send(sender=bob, to=["bob"], subject="own")
    services.sending.send(sender=person("p17", "Bob", "Moi"), to=["bob"], subject="theirs")
    assert found(bob, "in:inbox from:bob") == ["theirs", "own"]
    assert found(bob, "in:inbox from:bob from:me") == ["own"]
    assert found(bob, "from:moi") == ["theirs"]
    monkeypatch.setattr(people, "pgettext", lambda _context, _text: "Moí")
    assert found(bob, "in:inbox from:moi") == ["own"]


def test_me_of_signs_only_finds_what_the_word_does(person, found):
    somebody = person("+-_", "Zoe", "Kim")
    services.sending.send(sender=somebody, to=["+-_"], subject="own")
    assert found(somebody, "from:me") == []


def test_all_that_was_found_by_name_is_acted_on(bob, person):
    services.sending.send(sender=person("p17", "Anna", "Schmidt"), to=["bob"], subject="theirs")
    services.sending.send(sender=bob, to=["p17"], subject="own")
    boxes = selectors.boxes.own_boxes(bob)
    for typed, count in (("from:anna", 1), ("to:anna from:me", 1), ("from:me in:inbox", 0)):
        hits = selectors.selection.found(boxes, parse(typed), selectors.selection.seen_of(boxes))
        assert services.mailbox.store_flags(selection=hits, add=[Flag.FLAGGED]) == count
    posts = {line.post_id for line in selectors.mailbox.page(selectors.boxes.own_box(bob)).rows}
    box = selectors.boxes.own_box(bob)
    assert selectors.search.searched_among(boxes, parse("from:anna"), box, posts)


def test_costs_one_read_for_any_number_of_parts_and_people(bob, found):
    def cost(typed: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            found(bob, typed)
        return len(queries)

    assert cost("from:anna") == cost("subject:anna") + 1
    people = [User(username=f"p{n}", first_name="Anna") for n in range(CALLED + 50)]
    services.people.import_users(users=people)
    services.sending.send(sender=User.objects.get(username="p0"), to=["bob"], subject="hello")
    assert found(bob, "from:anna") == ["hello"]
    assert cost("from:anna") == cost("from:anna to:bob") == cost("subject:hello") + 1
    (text,) = named(parse("from:anna"), []).texts
    assert len(text.usernames) == CALLED


def test_of_many_parts_the_first_are_looked_up(person):
    person("p17", "Anna", "Schmidt")
    typed = " ".join(f"to:x{n}" for n in range(people.PARTS - 1)) + " to:anna from:anna"
    *_, within, beyond = named(parse(typed), []).texts
    assert (within.usernames, beyond.usernames) == (("p17",), ())


def test_the_name_is_marked_on_the_page_and_the_query_stays_as_typed(signed_in, bob, person):
    services.sending.send(sender=person("p17", "Anna", "Schmidt"), to=["bob"], subject="theirs")
    page = signed_in(bob).get("/search/", {"q": "from:anna"})
    assert '<bdi title="p17"><mark>Anna</mark> Schmidt</bdi>' in page.text
    assert '<bdi class="what">from:anna</bdi>' in page.text
    assert "p17" not in page.context["parts"][0]["text"]


NAMES = st.text("aAåæÆeEéßsSøœtTþhijĳ -.'", min_size=1, max_size=6)


@example("sß", ["ßs"])
@given(NAMES, st.lists(NAMES, min_size=1, max_size=3))
@example("Sß", ["Sß"])
@example("ßs", ["sß"])
@example("ßß", ["ssß"])
def test_the_expression_leaves_out_nobody(typed, parts):
    name, pattern = " ".join(parts), tokenizer.Pattern.of(typed, beginning=False)
    if tokenizer.spans(name, [pattern]):
        asked = tokenizer.as_written(typed).replace(r"\m", r"\b").replace(r"\M", r"\b")
        assert re.search(asked, name)
