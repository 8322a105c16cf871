"""Somebody reads a conversation, and adds to it."""

import re

from playwright.sync_api import expect

from e2e.mailbox import line, opened
from mail import services


class TestConversation:
    def test_folds_what_was_read_and_what_is_quoted(self, window, send, cast):
        question = services.sending.send(
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


def test_the_title_says_what_is_shown_and_how_much_is_unread(window, send):
    send("first", "second", "third")
    page = window("test")
    expect(page).to_have_title(re.compile(r"^\(3\) Inbox "))
    line(page, "third").get_by_role("link").click()
    expect(page).to_have_title(re.compile(r"^\(2\) third "))
    page.keyboard.press("Escape")
    expect(page).to_have_title(re.compile(r"^\(2\) Inbox "))
    page.go_back()
    expect(page).to_have_title(re.compile(r"^\(2\) third "))
    page.go_back()
    expect(page).to_have_title(re.compile(r"^\(2\) Inbox "))
