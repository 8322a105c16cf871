"""Somebody takes back what they sent, at once or later."""

from playwright.sync_api import expect

from e2e.writing import chips, inbox, open_window
from mail import services


def test_sending_is_undone(window, office):
    page = window("test")
    dialog = open_window(page)
    dialog.get_by_label("To", exact=True).fill("anna")
    dialog.get_by_label("Subject").fill("Oops")
    dialog.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text("Sent to anna.")
    assert inbox(office["anna"]) == ["Oops"]
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(dialog.get_by_label("Subject")).to_have_value("Oops")
    expect(chips(dialog)).to_have_text(["anna"])
    assert inbox(office["anna"]) == []
    dialog.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text("Sent to anna.")
    assert inbox(office["anna"]) == ["Oops"]


def test_undoing_too_late_says_so(untidy, office, monkeypatch):
    page = untidy("test")
    dialog = open_window(page)
    dialog.get_by_label("To", exact=True).fill("anna")
    dialog.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text("Sent to anna.")
    monkeypatch.setattr("mail.services.sending.UNDO_FOR", services.sending.UNDO_FOR * 0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("You can still recall the post")
    expect(dialog).to_be_hidden()


def test_a_post_is_recalled(window, office):
    services.sending.send(sender=office["test"], to=["anna"], subject="Oops")
    page = window("test")
    page.goto("/sent/1/recall/")
    expect(page.get_by_text("1 person has it in a box.")).to_be_visible()
    page.get_by_role("button", name="Recall").click()
    expect(page.get_by_text("was recalled")).to_be_visible()
    assert inbox(office["anna"]) == []
