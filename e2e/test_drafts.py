"""What somebody has begun to write survives a crash, and is thrown away only on purpose."""

from playwright.sync_api import expect

from e2e.writing import body, open_window, saved
from mail import selectors, services


def test_a_draft_survives_a_crash(window, office):
    page = window("test")
    dialog = open_window(page)
    dialog.get_by_label("To", exact=True).fill("an unfinished na")
    dialog.get_by_label("Subject").fill("Precious")
    body(dialog).fill("words")
    saved(dialog)
    page.close(run_before_unload=False)

    again = page.context.new_page()
    again.goto("/drafts/")
    again.get_by_role("link", name="Precious").first.click()
    dialog = again.get_by_role("dialog")
    expect(body(dialog)).to_have_value("words")
    expect(dialog.get_by_text("an unfinished na")).to_be_visible()


def test_leaving_at_once_saves_at_once(window, office):
    page = window("test")
    dialog = open_window(page)
    dialog.get_by_label("Subject").fill("In a hurry")
    page.get_by_role("link", name="Opost").click()
    expect(page.get_by_role("heading", name="Inbox")).to_be_visible()
    page.goto("/drafts/")
    expect(page.get_by_text("In a hurry").first).to_be_visible()


def test_a_draft_is_discarded_and_comes_back(window, office):
    services.drafts.save(owner=office["test"], subject="Half-baked", body="idea")
    page = window("test")
    page.goto("/drafts/")
    page.get_by_role("link", name="Discard Half-baked").click()
    expect(page.get_by_role("listitem")).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("Draft discarded.")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(body(page)).to_have_value("idea")
    assert selectors.drafts.own(office["test"]).count() == 1
