"""Somebody acts on what they have found: on some of it, and on all of it."""

import pytest
from playwright.sync_api import Dialog, Page, expect

from e2e.mailbox import check, chosen, inspect, line, opened, subjects
from mail import selectors, services
from mail.delivery import insert
from mail.models import Post
from mail.search import index, tokenizer
from mail.selectors.selection import some

MANY = 1200


@pytest.fixture
def posts(cast):
    """Some mail for test: of what is about lunch, one in the archive and one sent."""
    for n in range(3):
        services.sending.send(
            sender=cast["udapost"], to=["test"], subject=f"Lunch {n}", body="Soup."
        )
    services.sending.send(sender=cast["udapost"], to=["test"], subject="Minutes")
    services.sending.send(sender=cast["test"], to=["udapost"], subject="Lunch for all")
    box = selectors.boxes.own_box(cast["test"])
    services.mailbox.move(
        selection=some(box, [1]), to=selectors.boxes.own_box(cast["test"], "archive")
    )


@pytest.fixture
def many(cast):
    """A thousand and more that a search finds, in two folders, and some that it does not."""
    for folder, count in (("", MANY), ("archive", 100)):
        box = selectors.boxes.own_box(cast["test"], folder)
        new = [
            services.sending.compose(
                sender=cast["udapost"], subject=f"s{n}", body="", content_type="text/plain"
            )
            for n in range(count)
        ]
        Post.objects.bulk_create(new)
        insert.insert(
            [insert.Delivery(p.pk, p.thread, p.subject, "udapost", [box.pk]) for p in new]
        )
        vector = tokenizer.vector(subject="report", sender="udapost", recipients=[], body="")
        index.add({post.pk: vector for post in new})
    for n in range(3):
        services.sending.send(sender=cast["udapost"], to=["test"], subject=f"other {n}")


def search(page: Page, text: str) -> None:
    page.keyboard.press("/")
    page.get_by_role("searchbox", name="Search").fill(text)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Search")).to_be_visible()


def total(user, folder: str = "") -> int:
    box = selectors.boxes.own_box(user, folder)
    return next(each.total for each in selectors.boxes.folders(user) if each.box_id == box.pk)


def test_choose_some_and_see_where_they_are_now(window, posts):
    page = window("test")
    search(page, "lunch")
    expect(page.locator(".line")).to_have_count(4)
    check(page, "Lunch for all")
    check(page, "Lunch 1", modifiers=["Shift"])
    expect(page.locator("[data-chosen]")).to_have_text("3")
    chosen(page).get_by_role("button", name="Flag").click()
    expect(page.locator(".line .flagged")).to_have_count(3)
    check(page, "Lunch for all")
    page.locator("#chosen summary").click()
    chosen(page).get_by_role("button", name="Unflag").click()
    expect(page.locator(".line .flagged")).to_have_count(1)
    expect(chosen(page).get_by_role("button", name="Unflag")).to_be_hidden()
    check(page, "Lunch for all")
    chosen(page).get_by_role("button", name="Archive").click()

    expect(page.get_by_role("status").last).to_contain_text("3 posts archived.")
    expect(page.locator(".line .chip", has_text="Archive")).to_have_count(4)
    expect(page.locator(".about mark")).to_have_count(4)
    expect(page.locator("#lines input:checked")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").last).to_contain_text("Undone.")
    expect(page.locator(".line .chip", has_text="Archive")).to_have_count(1)
    expect(page.locator(".line .chip", has_text="Sent")).to_have_count(1)
    assert subjects(page) == ["Lunch for all", "Lunch 2", "Lunch 1", "Lunch 0"]


def test_everything_that_was_found_at_once_and_undo(window, many, cast):
    page = window("test")
    search(page, "report")
    page.get_by_role("checkbox", name="Choose all on this page").check()
    page.get_by_role("checkbox", name="Choose everything that was found").check()
    expect(page.locator("[data-chosen]")).to_have_text("All")
    page.locator(".line").last.scroll_into_view_if_needed()
    expect(page.locator(".line")).to_have_count(2 * selectors.mailbox.PAGE)
    expect(page.locator("[data-chosen]")).to_have_text("All")  # what comes is among it
    chosen(page).get_by_role("button", name="Delete").click()

    expect(page.get_by_role("status").last).to_contain_text("1,300 posts are in the trash.")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()
    expect(page.get_by_role("heading", name="Search")).to_be_focused()
    assert [total(cast["test"], box) for box in ("", "archive", "trash")] == [3, 0, MANY + 100]
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("status").last).to_contain_text("Undone.")
    expect(page.locator(".line")).to_have_count(selectors.mailbox.PAGE)
    assert [total(cast["test"], box) for box in ("", "archive", "trash")] == [MANY + 3, 100, 0]


def test_by_keyboard(window, posts):
    page = window("test")
    search(page, "lunch")
    press = page.keyboard.press
    page.locator("#list-name").focus()
    press("j")
    press("j")
    expect(line(page, "Lunch 2").get_by_role("link")).to_be_focused()
    press("Shift+I")
    expect(page.locator(".line.unread")).to_have_count(2)
    expect(line(page, "Lunch 2").get_by_role("link")).to_be_focused()
    press("u")
    expect(page.locator(".line.unread")).to_have_count(3)
    press("s")
    expect(line(page, "Lunch 2").get_by_text("Flagged")).to_be_attached()
    press("e")
    expect(page.get_by_role("status").last).to_contain_text("1 post archived.")
    expect(line(page, "Lunch 2").locator(".chip")).to_have_text("Archive")
    expect(line(page, "Lunch 1").get_by_role("link")).to_be_focused()
    press("x")
    press("j")
    press("x")
    expect(page.locator("[data-chosen]")).to_have_text("2")
    press("#")
    expect(page.get_by_role("status").last).to_contain_text("2 posts are in the trash.")
    expect(page.locator(".line")).to_have_count(2)
    expect(line(page, "Lunch 2").get_by_role("link")).to_be_focused()


def test_an_opened_hit_leads_back_to_the_search(window, posts):
    page = window("test")
    search(page, "lunch -for")
    line(page, "Lunch 2").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Lunch 2")).to_be_focused()
    expect(page).to_have_url("/search/inbox/3/?q=lunch%20-for")
    expect(page.locator(".line.unread")).to_have_count(2)
    expect(page.locator(".about mark")).to_have_count(3)
    opened(page).get_by_role("button", name="Archive").click()

    expect(page.get_by_text("Choose a post to read it.")).to_be_visible()
    expect(page).to_have_url("/search/?q=lunch%20-for")
    expect(line(page, "Lunch 2").locator(".chip")).to_have_text("Archive")
    expect(line(page, "Lunch 1").get_by_role("link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Lunch 1")).to_be_focused()
    page.reload()
    expect(page.locator(".line")).to_have_count(3)
    expect(page.locator(".line a[aria-current]")).to_have_count(1)
    page.keyboard.press("#")
    expect(page.locator(".line")).to_have_count(2)
    expect(page).to_have_url("/search/?q=lunch%20-for")
    page.go_back()  # where no hit is opened that is gone
    expect(page.locator(".line")).to_have_count(2)
    expect(page).to_have_url("/search/?q=lunch%20-for")


def test_an_opened_hit_that_is_chosen_leads_there_too(window, posts):
    page = window("test")
    search(page, "lunch in:inbox")
    line(page, "Lunch 2").get_by_role("link").click()
    expect(page.get_by_role("heading", name="Lunch 2")).to_be_focused()
    check(page, "Lunch 1")
    chosen(page).get_by_role("button", name="Archive").click()
    expect(page.locator(".line")).to_have_count(1)
    expect(page).to_have_url("/search/inbox/3/?q=lunch%20in%3Ainbox")
    check(page, "Lunch 2")
    chosen(page).get_by_role("button", name="Archive").click()
    expect(page.locator(".line")).to_have_count(0)
    expect(page).to_have_url("/search/?q=lunch%20in%3Ainbox")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()


def test_the_trash_is_asked_about(window, posts, cast):
    box = selectors.boxes.own_box(cast["test"])
    services.mailbox.trash(selection=some(box, [2, 3]), owner=cast["test"])
    page = window("test")
    search(page, "lunch in:trash")
    page.get_by_role("checkbox", name="Choose all on this page").check()
    asked: list[str] = []

    def agree(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.accept()

    page.once("dialog", agree)
    chosen(page).get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("status").last).to_contain_text("2 posts deleted for good.")
    assert asked == ["Delete what is chosen (2) for good?"]
    expect(page.get_by_text("Nothing was found.")).to_be_visible()


def test_without_scripts(window, posts):
    page = window("test", java_script_enabled=False)
    page.goto("/search/?q=lunch+in:inbox")
    line(page, "Lunch 1").get_by_role("checkbox").check()
    chosen(page).get_by_role("button", name="Archive").click()
    expect(page.get_by_text("1 post archived.")).to_be_visible()
    expect(page).to_have_url("/search/?q=lunch+in%3Ainbox")
    expect(page.locator(".line")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".line")).to_have_count(2)
    line(page, "Lunch 2").get_by_role("link").click()
    opened(page).get_by_role("button", name="Flag").click()
    expect(opened(page).get_by_role("button", name="Unflag")).to_be_visible()
    expect(page).to_have_url("/search/inbox/3/?q=lunch+in%3Ainbox")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_is_accessible_and_fits(window, many, scheme, width):
    page = window("test", color_scheme=scheme, viewport={"width": width, "height": 800})
    page.goto("/search/?q=report")
    inspect(page, "found")
    page.get_by_role("checkbox", name="Choose all on this page").check()
    page.get_by_role("checkbox", name="Choose everything that was found").check()
    inspect(page, "chosen")
    page.locator("#chosen summary").click()
    inspect(page, "move to")
    page.keyboard.press("Escape")
    chosen(page).get_by_role("button", name="Archive").click()
    expect(page.get_by_role("status").last).to_contain_text("1,200 posts archived.")
    inspect(page, "archived, with a toast")
    page.locator(".line a").first.click()
    expect(page.locator("#post-subject")).to_be_visible()
    inspect(page, "opened")
