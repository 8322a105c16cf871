"""Somebody signs in, changes their password, and signs out."""

from playwright.sync_api import expect

from e2e.conftest import PASSWORD


def test_sign_in_and_out(window):
    page = window("test")
    page.locator(".bar summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    page.goto("/sent/")  # what one wanted to see is shown after signing in
    page.get_by_label("Username").fill("test")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Please enter a correct username")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Sent")).to_be_visible()


def test_change_the_password(window):
    page = window("test")
    page.locator(".bar summary").click()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("link", name="Password").click()
    page.get_by_label("Old password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("correct horse battery")
    page.get_by_label("New password confirmation").fill("correct horse battery")
    page.get_by_role("button", name="Change it").click()
    expect(page.get_by_role("heading", name="The password is changed")).to_be_visible()
