"""Paper, and names and subjects that are written from right to left."""

from playwright.sync_api import Page, expect

from e2e.mailbox import line
from e2e.writing import chips, open_window

WIDE = (
    "```\n" + "x = " + "some_name + " * 40 + "\n```\n\n"
    "`" + "a" * 300 + "`\n\n"
    "|" + "a column with words|" * 14 + "\n|" + "-|" * 14 + "\n|" + "and_a_value_in_it|" * 14 + "\n"
)
# How far what is in the post reaches beyond the paper, and how much of it is hidden in its box.
BEYOND = """() => {
    const body = document.querySelector('.body')
    const width = document.documentElement.clientWidth
    return [...body.querySelectorAll('pre, code, table, td, th, .table-scroll')].filter((each) =>
        each.getBoundingClientRect().right > width + 1 ||
        (getComputedStyle(each).overflowX !== 'visible' && each.scrollWidth > each.clientWidth + 1)
    ).map((each) => each.tagName)
}"""
LEFT = "(element) => element.getBoundingClientRect().left"


def test_nothing_is_cut_at_the_papers_edge(window, send):
    send("wide", body=WIDE)
    page = window("test")
    page.set_viewport_size({"width": 700, "height": 1000})
    line(page, "wide").get_by_role("link").click()
    expect(page.get_by_role("heading", name="wide")).to_be_visible()
    assert page.evaluate(BEYOND) != []
    page.emulate_media(media="print")
    assert page.evaluate(BEYOND) == []


def _is_before(page: Page, first: str, second: str) -> bool:
    lefts: list[float] = [page.locator(each).first.evaluate(LEFT) for each in (first, second)]
    return lefts[0] < lefts[1]


def test_an_arabic_subject_stands_before_its_first_words(window, send):
    send("تقرير الربع الأول", body="The figures (12) are here")
    page = window("test")
    expect(line(page, "تقرير")).to_be_visible()
    assert _is_before(page, ".line .subject", ".line .snippet")


def test_a_chip_keeps_its_size_behind_the_name(window, office):
    page = window("udapost")
    dialog = open_window(page)
    dialog.get_by_role("combobox", name="To", exact=True).press_sequentially("crew,")
    expect(chips(dialog)).to_have_count(1)
    expect(chips(dialog).locator("bdi")).to_have_text("crew")
    expect(chips(dialog)).to_contain_text("crew · 3 people")
