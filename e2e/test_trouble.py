"""The network or the server fails, and what is shown is gone."""

from playwright.sync_api import expect

from e2e.mailbox import line
from mail import selectors, services
from mail.selectors.selection import some


class TestTrouble:
    def test_offline_is_said_and_ends(self, window, send):
        send("read me")
        page = window("test", complains=False)
        page.context.set_offline(True)
        line(page, "read me").get_by_role("link").click()
        expect(page.get_by_role("alert")).to_contain_text("You are offline")
        page.context.set_offline(False)
        expect(page.get_by_role("alert")).not_to_be_visible()
        line(page, "read me").get_by_role("link").click()
        expect(page.get_by_role("heading", name="read me")).to_be_visible()

    def test_an_error_of_the_server_leaves_the_page_alone(self, window, send):
        send("read me")
        page = window("test", complains=False)
        page.route("**/inbox/1/", lambda route: route.fulfill(status=500, body="<h1>no</h1>"))
        line(page, "read me").get_by_role("link").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_text("Choose a post to read it.")).to_be_visible()

    def test_what_is_gone_is_said(self, window, send, cast):
        send("gone")
        page = window("test", complains=False)
        services.mailbox.delete(selection=some(selectors.boxes.own_box(cast["test"]), [1]))
        line(page, "gone").get_by_role("link").click()
        expect(page.get_by_role("status")).to_contain_text("There is no")

    def test_a_page_that_is_not_there(self, window):
        page = window("test", complains=False)
        page.goto("/nowhere/")
        page.get_by_role("link", name="Back to the inbox").click()
        expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
