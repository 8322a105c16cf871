"""Somebody answers all who got a post."""

import re

from playwright.sync_api import expect

from e2e.writing import body, chips, inbox
from mail import selectors, services


def test_answering_all(window, office):
    asked = {"sender": office["anna"], "to": ["test", "crew"], "cc": ["ben", "test"]}
    services.sending.send(**asked, subject="Lunch?", body="Noon\n\nor one?")
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
    first, second = selectors.conversations.conversation(
        office["test"],
        selectors.mailbox.delivered_post(selectors.boxes.own_box(office["test"]), 1).post.thread,
    )
    assert second.in_reply_to == first.post_id
