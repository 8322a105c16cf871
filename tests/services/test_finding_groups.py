"""Groups and their members are found by parts of their names, in any case and without accents."""

import pytest

from mail import selectors, services
from mail.models import User

PEOPLE = {
    "zoe1": "Zoë Meier",
    "lk": "Łukasz Nowak",
    "m.mu": "Hanna Müller",
    "an_x": "Ana Straße",
    "anyx": "İpek 100% Sure",
    "li": "李 小龙",
    "dim": "Дмитрий O'Neil",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("zoe", ["zoe1"]),
        ("ZOË", ["zoe1"]),
        ("lukasz", ["lk"]),
        ("muller", ["m.mu"]),
        ("Mu\u0308ller", ["m.mu"]),
        ("ulle", ["m.mu"]),
        ("hanna mü", ["m.mu"]),
        ("strasse", ["an_x"]),
        ("an_", ["an_x"]),
        ("an", ["an_x", "anyx", "m.mu"]),
        ("m.m", ["m.mu"]),
        ("ipek", ["anyx"]),
        ("0%", ["anyx"]),
        ("小", ["li"]),
        ("дмитр", ["dim"]),
        ("ДМИТРИЙ", ["dim"]),
        ("o'n", ["dim"]),
        (" ", sorted(PEOPLE)),
        *(
            (odd, [])
            for odd in ("\\", "[", "(", "*", ".*", "\\m", "a{2}", "\u0640", "$", "x" * 9999)
        ),
        *((odd, []) for odd in ("ä" * 9999, "\ufdfa" * 9999)),
    ],
)
def test_members_by_parts_of_their_names(alice, text, found):
    box = services.groups.create(name="club", by=alice)
    for username, full_name in PEOPLE.items():
        first, _, last = full_name.partition(" ")
        user = User.objects.create_user(username, first_name=first, last_name=last)
        services.memberships.join(box=box, user=user, by=alice)
    people, _ = selectors.groups.members(box, text=text)
    assert [user.username for user in people] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("buro", ["Büro"]),
        ("ÜRO", ["Büro"]),
        ("etage", ["Büro"]),
        ("etage 2", ["Büro"]),
        ("cafe", ["Kaffee"]),
        ("none", []),
        ("(", []),
    ],
)
def test_groups_by_name_and_by_what_they_are_for(alice, text, found):
    services.groups.create(name="Büro", by=alice, description="Étage 2")
    services.groups.create(name="Kaffee", by=alice, description="Café für alle")
    rows, _ = selectors.groups.groups(alice, text=text)
    assert [row.box.name for row in rows] == found
