"""Keys on other layouts, with Caps Lock, and while an input method composes."""

import pytest
from playwright.sync_api import Page, expect

from e2e.mailbox import line
from e2e.writing import body, chips, open_window

DOWN = """([key, code, options]) => (document.activeElement ?? document.body).dispatchEvent(
    new KeyboardEvent('keydown', { key, code, bubbles: true, cancelable: true, ...options }))"""


def press(page: Page, key: str, code: str, **options: object) -> None:
    """As a keyboard of that layout sends it."""
    page.evaluate(DOWN, [key, code, options])


class TestLayouts:
    @pytest.mark.parametrize(
        ("step", "flag", "archive", "trash"),
        [
            (("о", "KeyJ"), ("ы", "KeyS"), ("у", "KeyE"), ("№", "Digit3")),
            (("ח", "KeyJ"), ("ד", "KeyS"), ("ק", "KeyE"), ("#", "Digit3")),
            (("ت", "KeyJ"), ("س", "KeyS"), ("ث", "KeyE"), ("#", "Digit3")),
            (("ξ", "KeyJ"), ("σ", "KeyS"), ("ε", "KeyE"), ("#", "Digit3")),
        ],
        ids=["Cyrillic", "Hebrew", "Arabic", "Greek"],
    )
    def test_the_place_of_a_key_counts(self, window, send, step, flag, archive, trash):
        send("first", "second", "third")
        page = window("test")
        press(page, *step)
        expect(line(page, "third").get_by_role("link")).to_be_focused()
        press(page, *flag)
        expect(line(page, "third").get_by_text("Flagged")).to_be_attached()
        press(page, *archive)
        expect(page.get_by_role("status")).to_contain_text("1 post archived.")
        press(page, *trash, shiftKey=True)
        expect(page.get_by_role("status")).to_contain_text("1 post is in the trash.")
        expect(page.locator(".line")).to_have_count(1)

    @pytest.mark.parametrize(("key", "code"), [(".", "Slash"), ("ظ", "Slash"), ("/", "Backslash")])
    def test_search(self, window, send, key, code):
        send("first")
        page = window("test")
        press(page, key, code)
        expect(page.locator("[data-key='/']")).to_be_focused()

    @pytest.mark.parametrize("key", ["y", "z", "h"])
    def test_a_latin_layout_means_what_it_types(self, window, send, key):
        """On Dvorak, and where Y and Z change places, another key stands at J's place."""
        send("first", "second")
        page = window("test")
        press(page, key, "KeyJ")
        expect(line(page, "second").get_by_role("link")).not_to_be_focused()

    def test_caps_lock_changes_nothing(self, window, send):
        send("first", "second")
        page = window("test")
        press(page, "J", "KeyJ")
        expect(line(page, "second").get_by_role("link")).to_be_focused()
        press(page, "C", "KeyC")
        expect(page.get_by_role("dialog")).to_be_visible()

    @pytest.mark.parametrize(
        ("key", "code"), [("B", "KeyB"), ("и", "KeyB"), ("נ", "KeyB"), ("b", "KeyB"), ("b", "KeyN")]
    )
    def test_bold(self, window, send, key, code):
        page = window("test")
        dialog = open_window(page)
        body(dialog).fill("word")
        body(dialog).select_text()
        press(page, key, code, ctrlKey=True)
        expect(body(dialog)).to_have_value("**word**")


class TestComposing:
    """Enter and Escape end the composition, and nothing else."""

    @pytest.mark.parametrize("key", ["Enter", "Escape"])
    @pytest.mark.parametrize("how", [{"isComposing": True}, {"keyCode": 229}])
    def test_while_writing(self, window, send, key, how):
        page = window("test")
        dialog = open_window(page)
        for field in (
            dialog.get_by_label("Subject"),
            dialog.get_by_role("combobox", name="To", exact=True),
            body(dialog),
        ):
            field.focus()
            press(page, key, key, **how)
            expect(field).to_be_focused()
            expect(dialog).to_be_visible()

    @pytest.mark.parametrize("how", [{"isComposing": True}, {"keyCode": 229}])
    def test_on_the_page(self, window, send, how):
        send("first")
        page = window("test")
        line(page, "first").get_by_role("link").click()
        expect(page.get_by_role("heading", name="first")).to_be_visible()
        press(page, "Escape", "Escape", **how)
        expect(page.get_by_role("heading", name="first")).to_be_visible()
        press(page, "Escape", "Escape")
        expect(page.get_by_role("heading", name="first")).to_be_hidden()


def test_recipients_are_separated_as_input_methods_type_it(window, send):
    page = window("test")
    dialog = open_window(page)
    to = dialog.get_by_role("combobox", name="To", exact=True)
    for typed in ("udapost，", "nobody；", "x、", "y،", "z؛"):
        to.press_sequentially(typed)
    expect(chips(dialog)).to_have_count(5)
