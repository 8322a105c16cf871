"""Somebody chooses many posts at once, up to a thousand."""

import re

from playwright.sync_api import expect

from e2e.mailbox import check, chosen, line
from mail import selectors, services
from mail.delivery import insert
from mail.models import Post


class TestChoosing:
    def test_a_range_with_shift(self, window, send):
        send(*(f"number {n}" for n in range(6)))
        page = window("test")
        check(page, "number 4")
        check(page, "number 1", modifiers=["Shift"])
        expect(page.locator("[data-chosen]")).to_have_text("4")
        chosen(page).get_by_role("button", name="Mark read").click()
        expect(page.locator(".unread")).to_have_count(2)
        expect(page).to_have_title(re.compile(r"^\(2\) Inbox"))

    def test_a_thousand_at_once(self, window, send, cast):
        send("the oldest")
        box = selectors.boxes.own_box(cast["test"])
        posts = [
            services.sending.compose(
                sender=cast["udapost"], subject=f"s{n}", body="", content_type="text/plain"
            )
            for n in range(1000)
        ]
        Post.objects.bulk_create(posts)
        insert.insert(
            [insert.Delivery(p.pk, p.thread, p.subject, "udapost", [box.pk]) for p in posts]
        )
        page = window("test")
        expect(page.get_by_text("1,001 posts", exact=True)).to_be_visible()

        page.get_by_role("checkbox", name="Choose all on this page").check()
        page.get_by_role("checkbox", name="Choose all 1,001 posts in this folder").check()
        expect(page.locator("[data-chosen]")).to_have_text("1,001")
        chosen(page).get_by_role("button", name="Archive").click()

        expect(page.get_by_role("status")).to_contain_text("1,001 posts archived.")
        expect(page.get_by_text("All read and tidied away.")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("1,001 posts", exact=True)).to_be_visible()
        expect(page.locator(".line")).to_have_count(50)

    def test_older_posts_come_as_one_scrolls(self, window, send):
        send(*(f"number {n}." for n in range(60)))
        page = window("test")
        expect(page.locator(".line")).to_have_count(50)
        page.locator("#list").hover()
        page.mouse.wheel(0, 10_000)
        expect(page.locator(".line")).to_have_count(60)
        expect(page.get_by_text("Older posts")).not_to_be_visible()

    def test_back_from_a_post_leads_to_where_one_was(self, window, send):
        send(*(f"number {n}." for n in range(60)))
        page = window("test")
        page.locator("#list").hover()
        page.mouse.wheel(0, 10_000)
        expect(page.locator(".line")).to_have_count(60)
        line(page, "number 3.").get_by_role("link").click()
        expect(page.locator(".conversation")).to_be_visible()
        page.go_back()
        expect(page.get_by_text("Choose a post to read it.")).to_be_visible()
        expect(page.locator(".line")).to_have_count(60)
        expect(line(page, "number 3.").get_by_role("link")).to_be_focused()
        expect(line(page, "number 3.")).to_be_in_viewport()
