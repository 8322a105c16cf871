"""Somebody deletes posts, changes their mind, and empties the trash."""

from playwright.sync_api import expect

from e2e.mailbox import check, chosen, line, opened, subjects


class TestDelete:
    def test_and_undo(self, window, send):
        send("one", "two", "three")
        page = window("test")
        line(page, "two").get_by_role("link").click()
        opened(page).get_by_role("button", name="Delete").click()

        expect(page.get_by_role("status")).to_contain_text("1 post is in the trash.")
        expect(page.locator(".line")).to_have_count(2)
        expect(line(page, "one").get_by_role("link")).to_be_focused()  # the next below
        expect(page.get_by_text("Choose a post to read it.")).to_be_visible()
        expect(page).to_have_url("/inbox/")

        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".line")).to_have_count(3)
        assert subjects(page) == ["three", "two", "one"]

    def test_for_good_after_a_question(self, window, send):
        send("one", "two")
        page = window("test")
        check(page, "one")
        check(page, "two")
        chosen(page).get_by_role("button", name="Delete").click()
        expect(page.get_by_text("All read and tidied away.")).to_be_visible()
        page.get_by_role("link", name="Trash").click()
        page.get_by_role("link", name="Empty the trash").click()
        expect(page.get_by_text("2 posts are deleted for good.")).to_be_visible()
        page.get_by_role("button", name="Delete for good").click()
        expect(page.get_by_text("The trash is empty.")).to_be_visible()
