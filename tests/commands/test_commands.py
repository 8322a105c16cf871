from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mail import selectors, services
from mail.models import Box, Post, Subscription, User


def _call(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command(*args, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.mark.django_db
class TestLoadDemo:
    def test_makes_a_believable_mailbox(self):
        assert "udapost / admin123" in _call("load_demo")

        test = User.objects.get(username="test")
        assert test.check_password("deadbeef")
        assert User.objects.get(username="udapost").check_password("admin123")
        page = selectors.mailbox.page(selectors.boxes.own_box(test))
        assert 35 <= Post.objects.count() <= 60
        assert len(page.rows) >= 30
        assert {line.is_read for line in page.rows} == {True, False}
        assert {line.source for line in page.rows} == {"", "everyone", "engineering", "book club"}
        # Posts from before test joined are in the group's box alone.
        group = Box.objects.get(name="engineering")
        assert group.delivered_posts.count() > sum(
            line.source == "engineering" for line in page.rows
        )
        bodies = " ".join(Post.objects.values_list("body_html", flat=True))
        for part in ("<table>", 'type="checkbox"', '<pre class="highlight"', "footnote"):
            assert part in bodies
        _call("check_mail")

    def test_leaves_a_database_with_accounts_alone(self, alice):
        with pytest.raises(CommandError, match="empty"):
            _call("load_demo")
        _call("load_demo", if_empty=True)
        assert list(User.objects.all()) == [alice]


@pytest.mark.django_db
class TestImportUsers:
    @pytest.fixture
    def write(self, tmp_path):
        def write(text: str, encoding: str = "utf-8") -> str:
            (tmp_path / "people.csv").write_text(text, encoding=encoding)
            return str(tmp_path / "people.csv")

        return write

    def test_makes_accounts_with_boxes_that_see_what_comes(self, staff, write, subjects):
        services.sending.send(sender=staff, to=["everyone"], subject="before")
        file = write("username,first_name\nzoe,Zoë\nyan,Yan\n", "utf-8-sig")
        assert "2 accounts made." in _call("import_users", file)
        services.sending.send(sender=staff, to=["everyone", "zoe"], subject="after")

        zoe = User.objects.get(username="zoe")
        assert zoe.first_name == "Zoë"
        assert not zoe.has_usable_password()
        assert subjects(zoe) == ["after"]
        _call("check_mail")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("name\nx\n", "must name the columns"),
            ("", "must name the columns"),
            ("username\nzoe\nzoe\n", "“zoe” is taken"),
            ("username\nzoe\nZoe\n", "is taken"),
            ("username\nzoe\nalice\n", "“alice” is taken"),
            ("username\nzoe\nALICE\n", "“alice” is taken"),
            ("username\nzoe\nstaff:sent\n", "cannot be a name"),
            ("username,email\nzoe,\n\n,x@example.org\n", "cannot be a name"),
            ("username\nzoe\nmany,a\n", "Line 3: as many cells"),
            ("username,email\nzoe\n", "Line 2: as many cells"),
            ('username\n"zoe\n', "unexpected end of data"),
            ("username\neveryone\n", "cannot be a name"),
            ("username,email\nzoe," + "x" * 255 + "\n", "Line 2: email"),
            ("username,email\nzoe,not an address\n", "Line 2: email"),
            ("username,first_name\nzoe,a\0b\n", "NUL"),
        ],
    )
    def test_makes_all_or_none_and_says_why(self, alice, write, text, said):
        with pytest.raises(CommandError, match=said):
            _call("import_users", write(text))
        assert list(User.objects.all()) == [alice]

    def test_a_file_that_is_none(self, db, write, tmp_path):
        with pytest.raises(CommandError, match="No such file"):
            _call("import_users", str(tmp_path / "none.csv"))
        with pytest.raises(CommandError, match="No account was made"):
            _call("import_users", write("username\nzoë\n", "latin-1"))

    def test_takes_a_few_thousand(self, write):
        _call("import_users", write("username\n" + "".join(f"u{n}\n" for n in range(4100))))
        assert Subscription.objects.count() == 4100
        assert Box.objects.filter(kind="folder").count() == 3 * 4100


@pytest.mark.django_db
class TestAccounts:
    def test_createsuperuser_gets_boxes(self):
        _call("createsuperuser", username="root", email="r@example.org", interactive=False)
        assert selectors.boxes.own_box(User.objects.get(), "archive").name == "root:archive"

    def test_createsuperuser_cannot_take_a_reserved_name(self):
        with pytest.raises(CommandError, match="cannot be a name"):
            _call("createsuperuser", username="everyone", email="", interactive=False)
        assert not User.objects.exists()

    def test_createsuperuser_cannot_take_a_groups_name(self, crew):
        with pytest.raises(CommandError, match="is taken"):
            _call("createsuperuser", username="Crew", email="", interactive=False)

    def test_a_fixture_brings_people_with_boxes(self, tmp_path):
        (tmp_path / "people.json").write_text(
            '[{"model": "mail.user", "pk": 7, "fields": {"username": "fix", "password": "!"}}]'
        )
        _call("loaddata", str(tmp_path / "people.json"))
        assert selectors.boxes.own_box(User.objects.get(), "sent").name == "fix:sent"

    def test_people_made_in_bulk_are_repaired(self, db):
        User.objects.bulk_create([User(username=f"b{n}", password="!") for n in range(3)])
        with pytest.raises(CommandError, match="--repair"):
            _call("check_mail")
        _call("check_mail", repair=True)
        assert selectors.boxes.own_box(User.objects.get(username="b1"), "trash").name == "b1:trash"
        assert "All is well." in _call("check_mail")


@pytest.mark.django_db
def test_deliver_pending_and_reap_posts_say_what_they_did(alice, bob):
    services.sending.send(sender=alice, to=["bob"])
    assert "0 submissions finished" in _call("deliver_pending")
    assert "0 posts and 0 traces" in _call("reap_posts")
