"""Somebody reads mail on a phone."""

from playwright.sync_api import expect

from e2e.mailbox import line


class TestPhone:
    def test_one_thing_at_a_time(self, window, send):
        send("pocket", body="small")
        page = window("test", viewport={"width": 390, "height": 800}, has_touch=True)
        line(page, "pocket").get_by_role("link").tap()
        expect(page.locator(".body")).to_have_text("small")
        expect(page.locator("#list")).not_to_be_visible()
        page.get_by_role("link", name="Back to the list").tap()
        expect(page.locator("#list")).to_be_visible()
        page.go_back()
        expect(page.locator(".body")).to_have_text("small")
