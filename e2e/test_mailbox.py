"""The mailbox, story by story, as a person lives through it."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from e2e.conftest import PASSWORD
from mail import delivery, selectors, services
from mail.models import Post, User


@pytest.fixture
def send(cast):
    """Write to test in udapost's name, without a window."""

    def send(*subjects: str, **more) -> None:
        for subject in subjects:
            services.send(sender=cast["udapost"], to=["test"], subject=subject, **more)

    return send


def line(page: Page, subject: str):
    return page.locator(".line").filter(has_text=subject)


def subjects(page: Page) -> list[str]:
    return page.locator(".line .subject").all_inner_texts()


def opened(page: Page):
    return page.get_by_role("toolbar", name="For this post")


def chosen(page: Page):
    return page.get_by_role("toolbar", name="For the chosen posts")


def check(page: Page, subject: str, **options) -> None:
    line(page, subject).get_by_role("checkbox").click(**options)


class TestDelete:
    def test_and_undo(self, window, send):
        send("one", "two", "three")
        page = window("test")
        line(page, "two").get_by_role("link").click()
        opened(page).get_by_role("button", name="Delete").click()

        expect(page.get_by_role("status")).to_contain_text("1 post is in the trash.")
        expect(page.locator(".line")).to_have_count(2)
        expect(line(page, "one").get_by_role("link")).to_be_focused()  # the next below
        expect(page.get_by_text("Choose a post to read it.")).to_be_visible()
        expect(page).to_have_url("/inbox/")

        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".line")).to_have_count(3)
        assert subjects(page) == ["three", "two", "one"]

    def test_for_good_after_a_question(self, window, send):
        send("one", "two")
        page = window("test")
        check(page, "one")
        check(page, "two")
        chosen(page).get_by_role("button", name="Delete").click()
        expect(page.get_by_text("All read and tidied away.")).to_be_visible()
        page.get_by_role("link", name="Trash").click()
        page.get_by_role("link", name="Empty the trash").click()
        expect(page.get_by_text("2 posts are deleted for good.")).to_be_visible()
        page.get_by_role("button", name="Delete for good").click()
        expect(page.get_by_text("The trash is empty.")).to_be_visible()


class TestChoosing:
    def test_a_range_with_shift(self, window, send):
        send(*(f"number {n}" for n in range(6)))
        page = window("test")
        check(page, "number 4")
        check(page, "number 1", modifiers=["Shift"])
        expect(page.locator("[data-chosen]")).to_have_text("4")
        chosen(page).get_by_role("button", name="Mark read").click()
        expect(page.locator(".unread")).to_have_count(2)
        expect(page).to_have_title(re.compile(r"^\(2\) Inbox"))

    def test_a_thousand_at_once(self, window, send, cast):
        send("the oldest")
        box = selectors.own_box(cast["test"])
        posts = [
            services.compose(
                sender=cast["udapost"], subject=f"s{n}", body="", content_type="text/plain"
            )
            for n in range(1000)
        ]
        Post.objects.bulk_create(posts)
        delivery.insert([delivery.Delivery(p.pk, p.subject, "udapost", [box.pk]) for p in posts])
        page = window("test")
        expect(page.get_by_text("1001 posts", exact=True)).to_be_visible()

        page.get_by_role("checkbox", name="Choose all on this page").check()
        page.get_by_role("checkbox", name="Choose all 1001 posts in this folder").check()
        expect(page.locator("[data-chosen]")).to_have_text("1001")
        chosen(page).get_by_role("button", name="Archive").click()

        expect(page.get_by_role("status")).to_contain_text("1001 posts archived.")
        expect(page.get_by_text("All read and tidied away.")).to_be_visible()
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("1001 posts", exact=True)).to_be_visible()
        expect(page.locator(".line")).to_have_count(50)

    def test_older_posts_come_as_one_scrolls(self, window, send):
        send(*(f"number {n}." for n in range(60)))
        page = window("test")
        expect(page.locator(".line")).to_have_count(50)
        page.locator("#list").hover()
        page.mouse.wheel(0, 10_000)
        expect(page.locator(".line")).to_have_count(60)
        expect(page.get_by_text("Older posts")).not_to_be_visible()


class TestKeys:
    def test_a_day_without_a_mouse(self, window, send):
        send("first", "second", "third", "fourth")
        page = window("test")
        press = page.keyboard.press
        press("j")
        expect(line(page, "fourth").get_by_role("link")).to_be_focused()
        press("j")
        press("Enter")
        expect(page.get_by_role("heading", name="third")).to_be_focused()
        expect(page.locator(".unread")).to_have_count(3)
        press("u")
        expect(page.locator(".unread")).to_have_count(4)
        press("s")
        expect(line(page, "third").get_by_text("Flagged")).to_be_attached()
        press("Escape")
        expect(line(page, "third").get_by_role("link")).to_be_focused()
        press("e")
        expect(page.get_by_role("status")).to_contain_text("1 post archived.")
        expect(line(page, "second").get_by_role("link")).to_be_focused()
        press("x")
        press("k")
        press("x")
        expect(page.locator("[data-chosen]")).to_have_text("2")
        press("Shift+I")
        expect(page.locator(".unread")).to_have_count(1)
        press("#")
        expect(page.locator(".line")).to_have_count(1)
        press("?")
        expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        press("Escape")
        expect(page.get_by_role("dialog", name="Keys")).not_to_be_visible()

    def test_typing_is_not_commanding(self, window, send):
        send("stays")
        page = window("test")
        page.goto("/folders/new/")
        page.get_by_label("Name").fill("")
        page.keyboard.type("je#x")
        expect(page.get_by_label("Name")).to_have_value("je#x")


class TestLive:
    def test_new_mail_comes_in_without_losing_the_place(self, window, send):
        send("old")
        page = window("test")
        check(page, "old")
        line(page, "old").get_by_role("link").focus()
        send("new")
        page.evaluate("htmx.trigger('#news', 'look')")

        expect(page.locator(".line").first).to_contain_text("new")
        expect(line(page, "old").get_by_role("checkbox")).to_be_checked()
        expect(line(page, "old").get_by_role("link")).to_be_focused()
        expect(page).to_have_title(re.compile(r"^\(2\) Inbox"))
        assert "unread" in (page.locator("link[rel=icon]").get_attribute("href") or "")

    def test_two_windows_of_one_person(self, window, send):
        send("shared", "other")
        here, there = window("test"), window("test")
        line(here, "shared").get_by_role("link").click()
        expect(here.locator(".unread")).to_have_count(1)
        check(here, "other")
        chosen(here).get_by_role("button", name="Delete").click()
        there.evaluate("htmx.trigger('#news', 'look')")
        expect(there.locator(".line")).to_have_count(1)
        expect(there.locator(".unread")).to_have_count(0)

    def test_who_joined_later_sees_no_old_broadcast(self, window, cast):
        services.send(sender=cast["udapost"], to=["everyone"], subject="before")
        User.objects.create_user("late", password=PASSWORD)
        services.send(sender=cast["udapost"], to=["everyone"], subject="after")
        late, test = window("late"), window("test")
        expect(late.locator(".line")).to_have_count(1)
        assert subjects(late) == ["after"]
        assert subjects(test) == ["after", "before"]


class TestTrouble:
    def test_offline_is_said_and_ends(self, window, send):
        send("read me")
        page = window("test", complains=False)
        page.context.set_offline(True)
        line(page, "read me").get_by_role("link").click()
        expect(page.get_by_role("alert")).to_contain_text("You are offline")
        page.context.set_offline(False)
        expect(page.get_by_role("alert")).not_to_be_visible()
        line(page, "read me").get_by_role("link").click()
        expect(page.get_by_role("heading", name="read me")).to_be_visible()

    def test_an_error_of_the_server_leaves_the_page_alone(self, window, send):
        send("read me")
        page = window("test", complains=False)
        page.route("**/inbox/1/", lambda route: route.fulfill(status=500, body="<h1>no</h1>"))
        line(page, "read me").get_by_role("link").click()
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.get_by_text("Choose a post to read it.")).to_be_visible()

    def test_what_is_gone_is_said(self, window, send, cast):
        send("gone")
        page = window("test", complains=False)
        services.delete(box=selectors.own_box(cast["test"]), uids=[1])
        line(page, "gone").get_by_role("link").click()
        expect(page.get_by_role("status")).to_contain_text("There is no")

    def test_a_page_that_is_not_there(self, window):
        page = window("test", complains=False)
        page.goto("/nowhere/")
        page.get_by_role("link", name="Back to the inbox").click()
        expect(page.get_by_role("heading", name="Inbox")).to_be_visible()


class TestConversation:
    def test_folds_what_was_read_and_what_is_quoted(self, window, send, cast):
        question = services.send(
            sender=cast["test"], to=["udapost"], subject="Lunch?", body="At 12"
        )
        send("Re: Lunch?", body="> At 12\n\nAt one.", in_reply_to=question.post.pk)
        page = window("test")
        line(page, "Re: Lunch?").get_by_role("link").click()

        expect(page.locator(".message")).to_have_count(2)
        expect(page.locator(".message[open]")).to_have_count(1)
        expect(page.get_by_text("At one.").last).to_be_visible()
        expect(page.locator("blockquote")).not_to_be_visible()
        page.get_by_text("Quoted text").click()
        expect(page.locator("blockquote")).to_be_visible()


class TestScriptsOff:
    def test_choose_move_and_undo(self, window, send):
        send("one", "two")
        page = window("test", java_script_enabled=False)
        line(page, "one").get_by_role("checkbox").check()
        chosen(page).get_by_role("button", name="Archive").click()
        expect(page.locator(".line")).to_have_count(1)
        page.get_by_role("button", name="Undo").click()
        expect(page.locator(".line")).to_have_count(2)


class TestPhone:
    def test_one_thing_at_a_time(self, window, send):
        send("pocket", body="small")
        page = window("test", viewport={"width": 390, "height": 800}, has_touch=True)
        line(page, "pocket").get_by_role("link").tap()
        expect(page.locator(".body")).to_have_text("small")
        expect(page.locator("#list")).not_to_be_visible()
        page.get_by_role("link", name="Back to the list").tap()
        expect(page.locator("#list")).to_be_visible()
        page.go_back()
        expect(page.locator(".body")).to_have_text("small")


LAYOUT = """() => new Promise(done => {
    let sum = 0
    new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value })
        .observe({type: 'layout-shift', buffered: true})
    setTimeout(() => done(sum), 300)
})"""
OVERFLOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
PAGES = ["/", "/sent/", "/archive/", "/trash/", "/folders/new/", "/trash/empty/", "/password/"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1024, 1440])
def test_every_page_is_accessible_fits_and_stays_put(window, send, scheme, width):
    send("Something to read", body="# Big\n\n| a | b |\n|-|-|\n| 1 | 2 |")
    page = window("test", color_scheme=scheme, viewport={"width": width, "height": 800})
    for path in [*PAGES, "/inbox/1/"]:
        page.goto(path)
        assert page.evaluate(LAYOUT) == 0, path
        assert not page.evaluate(OVERFLOW), path
        if width in (390, 1440):  # the colours and names in between are the same
            inspect(page, path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_state_is_accessible_and_fits(window, send, scheme, width):
    send("One", "Two")
    page = window("test", color_scheme=scheme, viewport={"width": width, "height": 800})
    page.locator(".bar summary").click()
    inspect(page, "menu")
    page.get_by_role("button", name="Keys").click()
    inspect(page, "keys")
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Choose all on this page").check()
    inspect(page, "chosen")
    page.locator("#chosen summary").click()
    inspect(page, "move to")
    page.keyboard.press("Escape")
    chosen(page).get_by_role("button", name="Flag").click()
    expect(page.locator(".line .flagged")).to_have_count(2)
    inspect(page, "flagged")
    chosen(page).get_by_role("button", name="Archive").click()
    expect(page.get_by_text("All read and tidied away.")).to_be_visible()
    inspect(page, "empty, with a toast")
    page.evaluate("document.getElementById('offline').hidden = false")
    inspect(page, "offline")


def inspect(page: Page, what: str) -> None:
    """No violation of WCAG 2.2 AA, and nothing wider than the window."""
    results = Axe().run(
        page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    )
    assert results.violations_count == 0, what + results.generate_report()
    assert not page.evaluate(OVERFLOW), what


def test_the_first_load_is_small_and_asks_nobody_else(window, send, live_server):
    send("x")
    page = window("test")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    page.wait_for_load_state("networkidle")
    assert asked
    assert all(url.startswith(live_server.url) for url in asked)


class TestWhileWriting:
    def test_undo_is_within_reach_and_folders_leave_the_window_open(self, window, send):
        send("one", "two")
        page = window("test", viewport={"width": 1280, "height": 800})
        line(page, "one").get_by_role("link").click()
        expect(page.locator(".conversation")).to_be_visible()
        page.keyboard.press("r")
        page.get_by_role("dialog").get_by_label("Message").fill("begun")
        opened(page).get_by_role("button", name="Archive").click()
        page.get_by_role("link", name="Archive").click()
        expect(page.get_by_role("heading", name="Archive")).to_be_visible()
        expect(page.get_by_role("dialog").get_by_label("Message")).to_have_value("begun")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("link", name="Inbox")).to_contain_text("1")

    def test_an_answer_joins_the_conversation_at_once(self, window, send):
        send("Lunch?")
        page = window("test")
        line(page, "Lunch?").get_by_role("link").click()
        expect(page.locator(".conversation")).to_be_visible()
        page.keyboard.press("r")
        page.get_by_role("dialog").get_by_label("Message").fill("At noon")
        page.get_by_role("dialog").get_by_role("button", name="Send").click()
        expect(page.locator(".message")).to_have_count(2)
        expect(line(page, "Lunch?").get_by_text("Answered")).to_be_attached()
