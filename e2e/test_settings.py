"""People choose how Opost looks to them, and see where they are signed in."""

from playwright.sync_api import expect

from e2e.mailbox import inspect


def test_theme_density_and_signature(window, send):
    send("x")
    page = window("test", color_scheme="light")
    page.locator(".bar summary").click()
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("Theme").select_option("Dark")
    page.get_by_role("combobox", name="Height of lines").select_option("Roomy")
    page.get_by_label("Signature").fill("*Tess*, second floor")
    inspect(page, "settings")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"

    page.get_by_role("link", name="Inbox").click()
    expect(page.locator("body")).to_have_class("roomy")
    page.keyboard.press("c")
    expect(page.get_by_role("dialog").get_by_label("Message")).to_have_value(
        "\n\n-- \n\n*Tess*, second floor"
    )


def test_a_token_is_made_used_and_revoked(window):
    page = window("test")
    page.goto("/settings/tokens/")
    page.get_by_label("What it is for").fill("reports")
    page.get_by_role("button", name="Make it").click()
    secret = page.locator("#secret").inner_text()
    inspect(page, "a new token")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_focused()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    headers = {"Authorization": f"Bearer {secret}"}
    asked = "fetch('/postapi/users', {headers: %s, credentials: 'omit'}).then(r => r.status)"
    assert page.evaluate(asked % headers) == 200
    page.get_by_role("button", name="Revoke reports").click()
    expect(page.get_by_text("The token is revoked.")).to_be_visible()


def test_sign_out_everywhere_else(window):
    here, there = window("test"), window("test")
    here.goto("/settings/sessions/")
    inspect(here, "sessions")
    expect(here.locator(".rows li")).to_have_count(2)
    here.get_by_role("button", name="Sign out everywhere else").click()
    expect(here.locator(".rows li")).to_have_count(1)
    there.goto("/")
    expect(there.get_by_role("button", name="Sign in")).to_be_visible()
    here.goto("/")
    expect(here.get_by_role("heading", name="Inbox")).to_be_visible()
