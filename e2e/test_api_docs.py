"""The API's pages for people, under the strict policy: a violation fails the window's fixture."""

from playwright.sync_api import expect


def test_a_person_tries_an_operation(window):
    page = window("test")
    page.goto("/postapi/docs")
    expect(page.get_by_role("heading", name="Opost")).to_be_visible()
    page.get_by_role("button", name="Where everything is").click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.get_by_text('"delivered-posts"').first).to_be_visible()
