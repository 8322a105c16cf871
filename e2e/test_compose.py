"""Writing: by keyboard alone, across crashes and bad networks, and without scripts."""

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, Route, expect

from mail import selectors, services
from mail.models import User

PASSWORD = "deadbeef"  # noqa: S105 - the cast's


@pytest.fixture
def office(cast: dict[str, User]) -> dict[str, User]:
    """The cast, with colleagues and a group of three of them."""
    for name, full_name in (("anna", "Anna Berg"), ("annika", "Annika Thor"), ("ben", "Ben Annan")):
        first, _, last = full_name.partition(" ")
        cast[name] = User.objects.create_user(name, first_name=first, last_name=last)
    crew = services.create_group(name="crew", by=cast["anna"])
    for name in ("anna", "ben", "test"):
        services.join(box=crew, user=cast[name], by=cast[name])
    return cast


@pytest.fixture
def untidy(browser: Browser, live_server, office) -> Iterator[Callable[..., Page]]:
    """A window where the browser may complain of failed requests, which the story is about."""
    opened = []

    def window(username: str) -> Page:
        client = Client()
        client.force_login(office[username])
        context = browser.new_context(base_url=live_server.url)
        value: str = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": value, "url": live_server.url}])
        opened.append(context)
        return context.new_page()

    yield window
    for context in opened:
        context.close()


def open_window(page: Page) -> Locator:
    page.goto("/drafts/")
    page.get_by_role("link", name="Write").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox", name="To", exact=True)).to_be_focused()
    return dialog


def chips(scope: Locator | Page, field: str = "To") -> Locator:
    return scope.get_by_role("list", name=f"Names in {field}", exact=True).get_by_role("listitem")


def body(scope: Locator | Page) -> Locator:
    return scope.get_by_label("Message")


def saved(scope: Locator | Page) -> None:
    expect(scope.get_by_text("Saved in Drafts", exact=True)).to_be_visible()


def inbox(user: User) -> list[str]:
    box = selectors.own_box(user)
    services.sync(box=box)
    return [line.subject for line in selectors.page(box).lines]


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


def test_answering_all(window, office):
    asked = {"sender": office["anna"], "to": ["test", "crew"], "cc": ["ben", "test"]}
    services.send(**asked, subject="Lunch?", body="Noon\n\nor one?")
    page = window("test")
    page.goto("/inbox/1/reply-all/")
    expect(chips(page)).to_have_text(["anna", "crew · 3 people"])
    expect(chips(page, "Cc")).to_have_text(["ben"])
    expect(page.get_by_label("Subject")).to_have_value("Re: Lunch?")
    expect(body(page)).to_be_focused()
    expect(body(page)).to_have_value(re.compile(r"^\n\nOn .*, anna wrote:\n\n> Noon\n>\n> or one"))
    page.keyboard.type("One.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Sent to anna, crew.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/$"))
    assert inbox(office["anna"]) == ["Re: Lunch?", "Lunch?"]
    first, second = selectors.conversation(
        office["test"], selectors.delivered_post(selectors.own_box(office["test"]), 1).post.thread
    )
    assert second.in_reply_to == first.post_id


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts on", "scripts off"])
def test_many_are_asked_about_first(window, office, scripts, monkeypatch):
    monkeypatch.setattr("mail.forms.ComposeForm.ASK_ABOVE", 2)
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
    assert selectors.drafts(office["test"]).count() == 1


def test_another_window_takes_its_place_and_loses_nothing(window, office):
    begun = services.save_draft(owner=office["test"], to="anna", subject="Begun", body="before")
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
    assert selectors.drafts(office["test"]).filter(subject="In a hurry").exists()


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
    assert not selectors.drafts(office["test"]).exists()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(body(page)).to_have_value("saved before")


def test_closing_what_was_not_begun_keeps_nothing(window, office):
    page = window("test")
    dialog = open_window(page)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    page.reload()
    expect(page.get_by_text("No drafts.")).to_be_visible()


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
    services.save_draft(owner=office["test"], subject="Half-baked", body="idea")
    page = window("test")
    page.goto("/drafts/")
    page.get_by_role("link", name="Discard Half-baked").click()
    expect(page.get_by_role("listitem")).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("Draft discarded.")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(body(page)).to_have_value("idea")
    assert selectors.drafts(office["test"]).count() == 1


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
    monkeypatch.setattr("mail.services.undoing.UNDO_FOR", services.UNDO_FOR * 0)
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.locator("#toasts")).to_contain_text("You can still recall the post")
    expect(dialog).to_be_hidden()


def test_a_post_is_recalled(window, office):
    services.send(sender=office["test"], to=["anna"], subject="Oops")
    page = window("test")
    page.goto("/sent/1/recall/")
    expect(page.get_by_text("1 person has it in a box.")).to_be_visible()
    page.get_by_role("button", name="Recall").click()
    expect(page.get_by_text("was recalled")).to_be_visible()
    assert inbox(office["anna"]) == []


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
        assert selectors.drafts(office["test"]).get().body == "written in a tunnel"

    def test_what_was_kept_is_there_at_the_next_opening(self, untidy, office):
        draft = services.save_draft(owner=office["test"], body="before")
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
        assert selectors.drafts(office["test"]).get().body == "first and second"

    def test_two_windows_overwrite_nothing(self, untidy, office):
        draft = services.save_draft(owner=office["test"], subject="Shared", body="before")
        page = untidy("test")
        page.goto(f"/compose/{draft.pk}/")
        services.save_draft(owner=office["test"], draft_id=draft.pk, version=1, body="theirs")
        body(page).fill("mine")
        expect(page.get_by_text("changed in another window")).to_be_visible()
        page.get_by_role("button", name="Keep this text as a new draft").click()
        saved(page)
        expect(page.get_by_text("changed in another window")).to_be_hidden()
        assert {d.body for d in selectors.drafts(office["test"])} == {"theirs", "mine"}

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


def test_without_scripts_all_of_it_works(window, office):
    services.send(sender=office["anna"], to=["test"], subject="Lunch?", body="Noon?")
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


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_fits_and_reads_well(window, office, scheme, width, monkeypatch):
    monkeypatch.setattr("mail.forms.ComposeForm.ASK_ABOVE", 2)
    services.save_draft(owner=office["test"], to="anna", subject="Begun", body="words " * 60)
    page = window("test", color_scheme=scheme, viewport={"width": width, "height": 800})
    page.goto("/drafts/")
    looks_well(page)
    dialog = open_window(page)
    to = dialog.get_by_role("combobox", name="To", exact=True)
    to.press_sequentially("anna,crew,nemo,")
    dialog.get_by_role("button", name="Cc", exact=True).click()
    page.keyboard.type("udapost,")
    dialog.get_by_label("Subject").fill("Lunch on Friday")
    body(dialog).fill("# Where\n\nAt **noon**.\n\n- soup\n- bread\n\n> quoted\n\n" + "more\n\n" * 9)
    to.press_sequentially("an")
    expect(dialog.get_by_role("option")).to_have_count(2)
    looks_well(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Backspace")
    page.keyboard.press("Backspace")
    dialog.get_by_role("button", name="Preview").click()
    expect(dialog.locator(".compose-preview h3")).to_be_visible()
    looks_well(page)
    dialog.get_by_role("button", name="Preview").click()
    page.keyboard.press("Control+Enter")
    expect(dialog.get_by_text("Nobody here is called “nemo”.")).to_be_visible()
    looks_well(page)
    page.keyboard.press("Backspace")
    page.keyboard.press("Control+Enter")
    expect(dialog.get_by_role("button", name="Send to")).to_be_visible()
    looks_well(page)
    page.goto("/compose/")
    looks_well(page)


def looks_well(page: Page) -> None:
    results = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert results.violations_count == 0, results.generate_report()
    overflow = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(overflow)
