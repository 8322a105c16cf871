"""Somebody is asked before many get a post."""

import pytest
from playwright.sync_api import expect

from e2e.writing import body, inbox, open_window


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_many_are_asked_about_first(window, office, scripts, monkeypatch):
    monkeypatch.setattr("mail.web.forms.forms.ComposeForm.ASK_ABOVE", 2)
    page = window("test", java_script_enabled=scripts)
    dialog = open_window(page) if scripts else page
    if not scripts:
        page.goto("/compose/")
    dialog.get_by_label("To", exact=True).fill("crew")
    dialog.get_by_label("Subject").fill("All of you")
    body(dialog).fill("typed with care")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.get_by_text("This goes to up to 3 people. “crew”: 3. Send it?")).to_be_visible()
    expect(body(dialog)).to_have_value("typed with care")
    assert inbox(office["anna"]) == []
    confirm = dialog.get_by_role("button", name="Send to 3 people")
    if scripts:
        expect(confirm).to_be_focused()
    confirm.click()
    expect(page.get_by_text("Sent to crew.")).to_be_visible()
    assert inbox(office["anna"]) == ["All of you"]
