"""Everything works in a browser without scripts."""

from playwright.sync_api import expect

from e2e.mailbox import chosen, line
from e2e.writing import body, inbox
from mail import services


class TestScriptsOff:
    def test_choose_move_and_undo(self, window, send):
        send("one", "two")
        page = window("test", java_script_enabled=False)
        line(page, "one").get_by_role("checkbox").check()
        chosen(page).get_by_role("button", name="Archive").click()
        expect(page.locator(".line")).to_have_count(1)
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".line")).to_have_count(2)


def test_without_scripts_all_of_it_works(window, office):
    services.sending.send(sender=office["anna"], to=["test"], subject="Lunch?", body="Noon?")
    page = window("test", java_script_enabled=False)
    page.goto("/inbox/1/reply/")
    expect(page.get_by_label("Cc", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Bold")).to_be_hidden()
    page.get_by_label("Cc", exact=True).fill("ben")
    body(page).fill("**Yes**")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("region", name="Preview").locator("strong")).to_have_text("Yes")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("Saved in Drafts.")).to_be_visible()
    page.goto("/drafts/")
    page.get_by_role("link", name="Re: Lunch?").first.click()
    expect(body(page)).to_have_value("**Yes**")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Sent to anna.")).to_be_visible()
    assert inbox(office["anna"]) == inbox(office["ben"]) == ["Re: Lunch?"]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("To", exact=True)).to_have_value("anna")
    expect(page.get_by_label("Cc", exact=True)).to_have_value("ben")
    assert inbox(office["anna"]) == []
    page.get_by_role("link", name="Discard").click()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("No drafts.")).to_be_visible()
