"""Somebody writes a post: names as chips, copies, formatting, errors, windows."""

from playwright.sync_api import expect

from e2e.writing import body, chips, inbox, open_window, saved
from mail import selectors, services


def test_names_become_chips_by_keyboard_alone(window, office):
    page = window("test")
    dialog = open_window(page)
    to = dialog.get_by_role("combobox", name="To", exact=True)
    page.keyboard.type("an")
    options = dialog.get_by_role("option")
    expect(options).to_have_count(3)
    expect(to).to_have_attribute("aria-expanded", "true")
    expect(options.nth(0)).to_have_attribute("aria-selected", "true")
    expect(dialog.get_by_role("status")).to_have_text("3 suggestions")

    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    expect(chips(dialog)).to_have_text(["annika"])
    expect(dialog.get_by_role("status")).to_have_text("annika added")

    page.keyboard.type("cr")
    expect(options).to_have_count(1)
    page.keyboard.press("Tab")
    expect(chips(dialog)).to_have_text(["annika", "crew · 3 people"])
    expect(to).to_be_focused()

    page.keyboard.type("ben,nemo,")
    expect(chips(dialog)).to_have_text(
        ["annika", "crew · 3 people", "ben", "nemo (nobody here is called that)"]
    )
    page.keyboard.type("an")
    expect(options).to_have_count(1)
    page.keyboard.press("Escape")
    expect(to).to_have_attribute("aria-expanded", "false")
    expect(dialog).to_be_visible()
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    expect(chips(dialog)).to_have_count(3)
    expect(dialog.get_by_role("status")).to_have_text("nemo removed")

    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(dialog.get_by_role("button", name="Remove crew")).to_be_focused()
    page.keyboard.press("Delete")
    expect(chips(dialog)).to_have_text(["annika", "ben"])
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")

    dialog.get_by_label("Subject").focus()
    page.keyboard.type("By hand")
    page.keyboard.press("Enter")
    expect(body(dialog)).to_be_focused()
    page.keyboard.type("all of it")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Sent to annika, ben.")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Write")).to_be_focused()
    assert inbox(office["annika"]) == inbox(office["ben"]) == ["By hand"]


def test_copies_are_shown_when_they_are_wanted(window, office):
    page = window("test")
    dialog = open_window(page)
    expect(dialog.get_by_role("combobox")).to_have_count(1)
    dialog.get_by_role("button", name="Bcc", exact=True).click()
    expect(dialog.get_by_role("combobox", name="Bcc", exact=True)).to_be_focused()
    page.keyboard.type("anna, udapost")
    dialog.get_by_role("combobox", name="To", exact=True).fill("ben")
    dialog.get_by_label("Subject").fill("Quietly")
    expect(chips(dialog, "Bcc")).to_have_text(["anna", "udapost"])
    dialog.get_by_role("button", name="Send").click()
    expect(page.locator("#toasts")).to_contain_text("Sent to ben.")
    assert inbox(office["udapost"]) == ["Quietly"]


def test_text_is_formatted_and_shown_as_it_will_look(window, office):
    page = window("test")
    dialog = open_window(page)
    body(dialog).click()
    page.keyboard.type("very bold")
    page.keyboard.press("Control+Shift+ArrowLeft")
    page.keyboard.press("Control+b")
    expect(body(dialog)).to_have_value("very **bold**")
    page.keyboard.press("Control+b")
    expect(body(dialog)).to_have_value("very bold")
    page.keyboard.press("Control+i")
    expect(body(dialog)).to_have_value("very *bold*")
    page.keyboard.press("Control+z")
    expect(body(dialog)).to_have_value("very bold")
    dialog.get_by_role("button", name="Quote").click()
    expect(body(dialog)).to_have_value("> very bold")

    dialog.get_by_role("button", name="Preview").click()
    preview = dialog.get_by_role("region", name="Preview")
    expect(preview.locator("blockquote")).to_have_text("very bold")
    body(dialog).press("End")
    page.keyboard.type(" <b hx-get=/>text</b> `code`")
    expect(preview.locator("code")).to_have_text("code")
    dialog.get_by_role("button", name="Preview").click()
    expect(preview).to_be_hidden()


def test_an_error_comes_back_where_it_is(window, office):
    page = window("test")
    dialog = open_window(page)
    dialog.get_by_label("To", exact=True).fill("everyone")
    body(dialog).fill("typed with care")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.get_by_text("Only people with the permission to broadcast")).to_be_visible()
    expect(dialog.get_by_role("combobox", name="To", exact=True)).to_be_focused()
    expect(body(dialog)).to_have_value("typed with care")


def test_closing_keeps_a_draft_and_minimising_keeps_the_window(window, office):
    page = window("test")
    dialog = open_window(page)
    body(dialog).fill("for later")
    dialog.get_by_role("button", name="Minimise").click()
    expect(body(dialog)).to_be_hidden()
    dialog.get_by_role("button", name="Minimise").click()
    expect(body(dialog)).to_have_value("for later")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Write", exact=True)).to_be_focused()
    page.locator("#toasts").get_by_role("link", name="Write on").click()
    expect(body(page.get_by_role("dialog"))).to_have_value("for later")
    assert selectors.drafts.own(office["test"]).count() == 1


def test_another_window_takes_its_place_and_loses_nothing(window, office):
    begun = services.drafts.save(owner=office["test"], to="anna", subject="Begun", body="before")
    page = window("test")
    dialog = open_window(page)
    dialog.get_by_label("Subject").fill("In a hurry")
    page.get_by_role("link", name="To anna").click()
    expect(dialog.get_by_label("Subject")).to_have_value("Begun")
    expect(body(dialog)).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type(" and after")
    page.get_by_role("link", name="To anna").click()
    expect(body(dialog)).to_have_value("before and after")
    saved(dialog)
    begun.refresh_from_db()
    assert begun.body == "before and after"
    assert selectors.drafts.own(office["test"]).filter(subject="In a hurry").exists()


def test_a_window_is_discarded_and_comes_back(window, office):
    page = window("test")
    dialog = open_window(page)
    body(dialog).fill("never saved")
    dialog.get_by_role("button", name="Discard").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Write", exact=True).click()
    body(dialog).fill("saved before")
    saved(dialog)
    dialog.get_by_role("button", name="Discard").click()
    expect(page.locator("#toasts")).to_contain_text("Draft discarded.")
    assert not selectors.drafts.own(office["test"]).exists()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(body(page)).to_have_value("saved before")


def test_closing_what_was_not_begun_keeps_nothing(window, office):
    page = window("test")
    dialog = open_window(page)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    page.reload()
    expect(page.get_by_text("No drafts.")).to_be_visible()
