"""Somebody wants to hear no more of a group, or of a conversation."""

import re

from playwright.sync_api import expect

from e2e.mailbox import inspect, line
from mail import services


def test_a_conversation_is_muted_by_key_and_comes_in_read(window, send, cast):
    first = services.sending.send(sender=cast["udapost"], to=["test"], subject="Lunch?").post
    page = window("test")
    line(page, "Lunch?").get_by_role("link").click()
    expect(page.locator(".conversation")).to_be_visible()
    page.keyboard.press("m")
    expect(page.get_by_text("what comes in this conversation arrives read")).to_be_visible()
    unmute = page.get_by_role("button", name=re.compile("^Unmute"))
    expect(unmute).to_be_visible()

    services.sending.send(
        sender=cast["udapost"], to=["test"], subject="Re: Lunch?", in_reply_to=first.pk
    )
    send("Another")
    page.evaluate("document.dispatchEvent(new Event('opost:sent'))")
    expect(line(page, "Another")).to_have_class(re.compile("unread"))
    expect(line(page, "Re: Lunch?")).not_to_have_class(re.compile("unread"))
    expect(page).to_have_title(re.compile(r"^\(1\)"))

    unmute.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("arrives unread again")).to_be_visible()
    mute = page.get_by_role("button", name=re.compile("^Mute"))
    expect(mute).to_be_focused()
    inspect(page, "an unmuted conversation")


def test_a_group_is_muted_on_its_page(window, cast):
    crew = services.groups.create(name="crew", by=cast["udapost"])
    services.memberships.join(box=crew, user=cast["test"], by=cast["test"])
    page = window("test")
    page.get_by_role("link", name="Groups").click()
    page.get_by_role("link", name="crew").click()
    page.get_by_role("button", name="Mute").click()
    expect(page.get_by_text("arrives in your inbox read")).to_be_visible()
    inspect(page, "a muted group")

    services.sending.send(sender=cast["udapost"], to=["crew"], subject="Minutes")
    page.goto(page.url.partition("/groups/")[0])
    expect(line(page, "Minutes")).to_be_visible()
    expect(line(page, "Minutes")).not_to_have_class(re.compile("unread"))
