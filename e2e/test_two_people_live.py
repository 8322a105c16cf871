"""People see each other's mail come in while they look."""

import re

from playwright.sync_api import expect

from e2e.conftest import PASSWORD
from e2e.mailbox import check, chosen, line, subjects
from mail import services
from mail.models import User


class TestLive:
    def test_new_mail_comes_in_without_losing_the_place(self, window, send):
        send("old")
        page = window("test")
        check(page, "old")
        line(page, "old").get_by_role("link").focus()
        send("new")
        page.evaluate("htmx.trigger('#news', 'look')")

        expect(page.locator(".line").first).to_contain_text("new")
        expect(line(page, "old").get_by_role("checkbox")).to_be_checked()
        expect(line(page, "old").get_by_role("link")).to_be_focused()
        expect(page).to_have_title(re.compile(r"^\(2\) Inbox"))
        assert "unread" in (page.locator("link[rel=icon]").get_attribute("href") or "")

    def test_two_windows_of_one_person(self, window, send):
        send("shared", "other")
        here, there = window("test"), window("test")
        line(here, "shared").get_by_role("link").click()
        expect(here.locator(".unread")).to_have_count(1)
        check(here, "other")
        chosen(here).get_by_role("button", name="Delete").click()
        expect(here.locator(".line")).to_have_count(1)
        there.evaluate("htmx.trigger('#news', 'look')")
        expect(there.locator(".line")).to_have_count(1)
        expect(there.locator(".unread")).to_have_count(0)

    def test_who_joined_later_sees_no_old_broadcast(self, window, cast):
        services.sending.send(sender=cast["udapost"], to=["everyone"], subject="before")
        User.objects.create_user("late", password=PASSWORD)
        services.sending.send(sender=cast["udapost"], to=["everyone"], subject="after")
        late, test = window("late"), window("test")
        expect(late.locator(".line")).to_have_count(1)
        assert subjects(late) == ["after"]
        assert subjects(test) == ["after", "before"]
