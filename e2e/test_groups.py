"""Groups, as the people in them and their managers meet them."""

import pytest
from playwright.sync_api import expect

from e2e.mailbox import inspect, subjects
from mail import services
from mail.models import Box


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_make_a_group_ask_accept_leave_rejoin_and_stay(window, cast, width, scheme):
    looks = {"color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    manager, person = window("udapost", **looks), window("test", **looks)
    manager.goto("/groups/new/")
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
        services.send(sender=cast["udapost"], to=["board"], subject="Minutes")
        person.get_by_role("button", name="Leave").click()
        expect(person.get_by_text("You have left board.")).to_be_visible()
        services.send(sender=cast["udapost"], to=["board"], subject="Between")
    person.goto("/")
    assert subjects(person) == ["Minutes", "Minutes"]

    Box.objects.filter(name="board").update(mandatory=True)
    services.join(box=Box.objects.get(name="board"), user=cast["test"], by=cast["udapost"])
    person.goto("/groups/board/")
    expect(person.get_by_text("Nobody can leave")).to_be_visible()
    expect(person.get_by_role("button", name="Leave")).to_have_count(0)
    inspect(person, "mandatory")
