"""Somebody works through their mail without a mouse."""

from playwright.sync_api import expect

from e2e.mailbox import line


class TestKeys:
    def test_a_day_without_a_mouse(self, window, send):
        send("first", "second", "third", "fourth")
        page = window("test")
        press = page.keyboard.press
        press("j")
        expect(line(page, "fourth").get_by_role("link")).to_be_focused()
        press("j")
        press("Enter")
        expect(page.get_by_role("heading", name="third")).to_be_focused()
        expect(page.locator(".unread")).to_have_count(3)
        press("u")
        expect(page.locator(".unread")).to_have_count(4)
        expect(line(page, "third").get_by_role("link")).to_be_focused()
        page.reload()
        expect(page.locator(".unread")).to_have_count(4)
        press("j")
        press("j")
        press("s")
        expect(line(page, "third").get_by_text("Flagged")).to_be_attached()
        expect(line(page, "third").get_by_role("link")).to_be_focused()
        press("e")
        expect(page.get_by_role("status")).to_contain_text("1 post archived.")
        expect(line(page, "second").get_by_role("link")).to_be_focused()
        press("x")
        press("k")
        press("x")
        expect(page.locator("[data-chosen]")).to_have_text("2")
        press("Shift+I")
        expect(page.locator(".unread")).to_have_count(1)
        press("#")
        expect(page.locator(".line")).to_have_count(1)
        press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        press("Escape")
        expect(page.get_by_role("dialog", name="Keys")).not_to_be_visible()

    def test_typing_is_not_commanding(self, window, send):
        send("stays")
        page = window("test")
        page.goto("/folders/new/")
        page.get_by_label("Name").fill("")
        page.keyboard.type("je#x")
        expect(page.get_by_label("Name")).to_have_value("je#x")

    def test_what_was_cancelled_is_chosen_no_more(self, window, send):
        send("first", "second")
        page = window("test")
        for _ in range(2):
            page.keyboard.press("j")
            page.keyboard.press("#")
            expect(page.get_by_role("status")).to_contain_text("1 post is in the trash.")
        page.goto("/trash/")
        line(page, "second").get_by_role("link").focus()
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.keyboard.press("#")
        expect(page.locator("#lines input:checked")).to_have_count(0)
        line(page, "first").get_by_role("link").focus()
        page.once("dialog", lambda dialog: dialog.accept())
        page.keyboard.press("#")
        expect(page.get_by_role("status")).to_contain_text("1 post deleted for good.")
        assert page.locator(".line .subject").all_inner_texts() == ["second"]

    def test_what_failed_is_chosen_no_more(self, window, send):
        send("first", "second")
        page = window("test", complains=False)
        page.route("**/archive/", lambda route: route.abort())
        line(page, "second").get_by_role("link").focus()
        page.keyboard.press("e")
        expect(page.get_by_role("alert").filter(has_text="offline")).to_be_visible()
        page.unroute("**/archive/")
        line(page, "first").get_by_role("link").focus()
        page.keyboard.press("e")
        expect(page.get_by_role("status")).to_contain_text("1 post archived.")
        assert page.locator(".line .subject").all_inner_texts() == ["second"]
