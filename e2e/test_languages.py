"""Every page in a language that runs from right to left, and in one with long words."""

import pytest
from playwright.sync_api import Page, expect

from e2e.mailbox import LAYOUT, OVERFLOW, WHOLE, inspect
from mail import services
from mail.models import User

PAGES = [
    *("/", "/sent/", "/trash/", "/inbox/1/", "/search/?q=is:unread", "/search/?q=is:x"),
    *("/compose/", "/drafts/", "/inbox/1/reply/", "/groups/", "/new-group/", "/groups/crew/"),
    *("/groups/crew/edit/", "/settings/", "/settings/tokens/", "/settings/sessions/"),
    *("/groups/owned/", "/groups/owned/edit/", "/search/inbox/1/?q=read"),
    *("/password/", "/folders/new/", "/trash/empty/", "/sent/1/recall/", "/nowhere/"),
]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize(("language", "inbox"), [("ar", "الوارد"), ("de", "Eingang")])
def test_every_page_fits(window, office, send, language, inbox, width):
    send("Something to read", body="# Big\n\nكيف\n\n    code")
    test = office["test"]
    services.sending.send(sender=test, to=["crew"], subject="Etwas zu lesen")
    owned = services.groups.create(name="owned", by=test, description=f"See https://{'w' * 200}.")
    services.memberships.add_members(box=owned, usernames=["test", "anna", "ben"], by=test)
    services.memberships.ask(box=owned, user=office["annika"])
    page: Page = window("test", complains=False, viewport={"width": width, "height": 800})
    page.add_init_script(WHOLE)
    User.objects.filter(pk=test.pk).update(language=language)
    page.goto("/")
    expect(page.get_by_role("heading", name=inbox)).to_be_visible()
    for path in PAGES:
        page.goto(path)
        direction = page.evaluate("getComputedStyle(document.body).direction")
        assert direction == ("rtl" if language == "ar" else "ltr"), path
        assert not page.evaluate(OVERFLOW), path
        assert page.evaluate(LAYOUT) == [], path
        inspect(page, path)


def test_the_language_is_chosen_in_the_settings(window, send):
    page = window("test")
    page.goto("/settings/")
    page.get_by_label("Language").select_option("Deutsch")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Einstellungen")).to_be_visible()
    expect(page.get_by_text("Gesichert.")).to_be_visible()
    page.get_by_label("Sprache").select_option("العربية")
    page.get_by_role("button", name="Sichern").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
