"""Groups, as the people in them and their managers meet them."""

import re

import pytest
from playwright.sync_api import expect

from e2e.mailbox import inspect, subjects
from mail import services
from mail.models import Box


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_make_a_group_ask_accept_leave_rejoin_and_stay(window, cast, width, scheme):
    looks = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    manager, person = window("udapost", **looks), window("test", **looks)
    manager.goto("/new-group/")
    manager.get_by_label("Name", exact=True).fill("board")
    manager.get_by_label("Who may join").select_option("manager")
    manager.locator("main form button").last.click()
    expect(manager.get_by_role("heading", name="board")).to_be_visible()

    for _ in range(2):  # joins, leaves, and joins anew
        person.goto("/groups/board/")
        person.get_by_role("button", name="Ask to join").click()
        expect(person.get_by_text("You have asked to join.")).to_be_visible()
        inspect(person, "asked")
        manager.goto("/groups/")
        inspect(manager, "a request in the directory")
        manager.get_by_role("link", name="1 request").click()
        inspect(manager, "a request on the page")
        manager.get_by_role("button", name="Accept test").click()
        expect(manager.get_by_text("asks to join")).to_have_count(0)
        person.reload()
        services.sending.send(sender=cast["udapost"], to=["board"], subject="Minutes")
        person.get_by_role("button", name="Leave").click()
        expect(person.get_by_text("You have left board.")).to_be_visible()
        services.sending.send(sender=cast["udapost"], to=["board"], subject="Between")
    person.goto("/")
    assert subjects(person) == ["Minutes", "Minutes"]

    Box.objects.filter(name="board").update(mandatory=True)
    services.memberships.join(
        box=Box.objects.get(name="board"), user=cast["test"], by=cast["udapost"]
    )
    person.goto("/groups/board/")
    expect(person.get_by_text("Nobody can leave")).to_be_visible()
    expect(person.get_by_role("button", name="Leave")).to_have_count(0)
    inspect(person, "mandatory")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_group_receives_from_another_and_closes_no_circle(window, cast, width, scheme):
    looks = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    manager, member = window("udapost", **looks), window("test", **looks)
    for name in ("company", "team"):
        manager.goto("/new-group/")
        manager.get_by_label("Name", exact=True).fill(name)
        manager.get_by_role("button", name="Make it").click()
        expect(manager.get_by_role("heading", name=name)).to_be_visible()
    services.memberships.join(box=Box.objects.get(name="team"), user=cast["test"], by=cast["test"])

    add = manager.get_by_label("Add a group")
    add.fill("campany")
    add.press("Enter")
    expect(add).to_be_focused()
    expect(add).to_have_value("campany")
    expect(add).to_have_accessible_description(re.compile("No group is called “campany”"))
    inspect(manager, "an unknown group")
    add.fill("company")
    add.press("Enter")
    expect(manager.get_by_text("From now on team receives what is posted")).to_be_visible()
    inspect(manager, "a group that receives")

    manager.get_by_role("region", name="Receives from").get_by_role("link", name="company").click()
    passes_on = manager.get_by_role("region", name="Passes on to")
    expect(passes_on.get_by_role("link", name="team")).to_be_visible()
    add.fill("team")
    add.press("Enter")
    expect(add).to_have_accessible_description(re.compile("would close a circle"))
    inspect(manager, "a circle")

    services.sending.send(sender=cast["udapost"], to=["company"], subject="For all of us")
    member.goto("/")
    assert subjects(member) == ["For all of us"]

    passes_on.get_by_role("link", name="team").click()
    manager.get_by_role("button", name="Remove company").click()
    expect(manager.get_by_text("team no longer receives what is posted")).to_be_visible()
    expect(manager.get_by_text("Only what is posted to this group itself.")).to_be_visible()


def test_who_cannot_be_added_is_said_at_the_field(window, cast):
    services.groups.create(name="team", by=cast["udapost"])
    manager = window("udapost")
    manager.goto("/groups/team/")
    manager.get_by_label("Add a person").fill("nemo")
    manager.get_by_label("Add a person").press("Enter")
    expect(manager.get_by_label("Add a person")).to_be_focused()
    inspect(manager, "an unknown person")
    manager.get_by_text("Add many people").click()
    many = manager.get_by_label("Usernames, separated by commas or lines")
    many.fill("test\nnemo")
    manager.locator("details form button").filter(has_text="Add").last.click()
    expect(many).to_be_focused()
    expect(many).to_have_value("test\nnemo")
    expect(many).to_have_accessible_description(re.compile("Nobody here is called “nemo”"))
    inspect(manager, "unknown people")
