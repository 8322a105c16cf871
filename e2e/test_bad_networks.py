"""Somebody writes where the network comes and goes."""

from playwright.sync_api import Route, expect

from e2e.conftest import PASSWORD
from e2e.writing import body, inbox, open_window, saved
from mail import selectors, services


class TestBadNetworks:
    def test_a_failing_server_costs_no_word(self, untidy, office):
        page = untidy("test")
        dialog = open_window(page)
        page.route("**/compose/", lambda route: route.fulfill(status=500, body="<h1>Broken</h1>"))
        dialog.get_by_label("To", exact=True).fill("anna")
        dialog.get_by_label("Subject").fill("Sent in the end")
        body(dialog).fill("typed with care")
        dialog.get_by_role("button", name="Send").click()
        expect(dialog.get_by_text("It could not be sent just now.")).to_be_visible()
        expect(body(dialog)).to_have_value("typed with care")
        page.unroute("**/compose/")
        body(dialog).press("End")
        page.keyboard.type("!")
        dialog.get_by_role("button", name="Send").click()
        expect(page.locator("#toasts")).to_contain_text("Sent to anna.")
        assert inbox(office["anna"]) == ["Sent in the end"]

    def test_without_a_network_it_is_kept_and_saved_later(self, untidy, office):
        page = untidy("test")
        dialog = open_window(page)
        page.context.set_offline(True)
        body(dialog).fill("written in a tunnel")
        expect(dialog.get_by_text("Not saved")).to_be_visible()
        dialog.get_by_role("button", name="Send").click()
        expect(dialog.get_by_text("It could not be sent just now.")).to_be_visible()
        page.context.set_offline(False)
        saved(dialog)
        assert selectors.drafts.own(office["test"]).get().body == "written in a tunnel"

    def test_what_was_kept_is_there_at_the_next_opening(self, untidy, office):
        draft = services.drafts.save(owner=office["test"], body="before")
        page = untidy("test")
        page.goto(f"/compose/{draft.pk}/")
        expect(body(page)).to_have_value("before")
        page.context.set_offline(True)
        body(page).fill("written in a tunnel")
        expect(page.get_by_text("Not saved")).to_be_visible()
        page.close(run_before_unload=False)
        page.context.set_offline(False)
        again = page.context.new_page()
        again.goto(f"/compose/{draft.pk}/")
        expect(body(again)).to_have_value("written in a tunnel")
        saved(again)
        draft.refresh_from_db()
        assert draft.body == "written in a tunnel"
        assert again.evaluate("Object.keys(localStorage).filter(k => k.startsWith('opost:'))") == []

    def test_what_no_page_holds_any_more_becomes_a_draft(self, untidy, office):
        page = untidy("test")
        dialog = open_window(page)
        page.context.set_offline(True)
        dialog.get_by_label("Subject").fill("From the tunnel")
        expect(dialog.get_by_text("Not saved")).to_be_visible()
        page.close(run_before_unload=False)
        page.context.set_offline(False)
        again = page.context.new_page()
        again.clock.install()
        again.goto("/drafts/")
        expect(again.get_by_text("No drafts.")).to_be_visible()
        again.clock.fast_forward(40_000)
        expect(again.get_by_text("From the tunnel").first).to_be_visible()

    def test_an_answer_that_got_lost_is_no_conflict(self, untidy, office):
        page = untidy("test")
        dialog = open_window(page)

        def lose(route: Route) -> None:
            route.fetch()
            route.abort()

        page.route("**/compose/save/", lose, times=1)
        body(dialog).fill("first")
        expect(dialog.get_by_text("Not saved")).to_be_visible()
        body(dialog).fill("first and second")
        saved(dialog)
        assert selectors.drafts.own(office["test"]).get().body == "first and second"

    def test_two_windows_overwrite_nothing(self, untidy, office):
        draft = services.drafts.save(owner=office["test"], subject="Shared", body="before")
        page = untidy("test")
        page.goto(f"/compose/{draft.pk}/")
        services.drafts.save(owner=office["test"], draft_id=draft.pk, version=1, body="theirs")
        body(page).fill("mine")
        expect(page.get_by_text("changed in another window")).to_be_visible()
        page.get_by_role("button", name="Keep this text as a new draft").click()
        saved(page)
        expect(page.get_by_text("changed in another window")).to_be_hidden()
        assert {d.body for d in selectors.drafts.own(office["test"])} == {"theirs", "mine"}

    def test_signed_out_meanwhile_it_goes_on_after_signing_in(self, untidy, office):
        page = untidy("test")
        dialog = open_window(page)
        page.context.clear_cookies(name="sessionid")
        body(dialog).fill("typed with care")
        link = dialog.get_by_role("link", name="sign in again")
        expect(link).to_be_visible()
        dialog.get_by_label("To", exact=True).fill("anna")
        dialog.get_by_role("button", name="Send").click()
        expect(dialog.get_by_role("button", name="Send")).to_be_enabled()
        expect(body(dialog)).to_have_value("typed with care")
        with page.context.expect_page() as opened:
            link.click()
        other = opened.value
        other.get_by_label("Username").fill("test")
        other.get_by_label("Password").fill(PASSWORD)
        other.get_by_role("button", name="Sign in").click()
        expect(other.get_by_role("heading", name="Inbox")).to_be_visible()
        other.close()
        page.bring_to_front()
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        saved(dialog)
        expect(link).to_be_hidden()
        dialog.get_by_role("button", name="Send").click()
        expect(page.locator("#toasts")).to_contain_text("Sent to anna.")
