"""Files are dropped, pasted or chosen, wait with the draft, and reach who may read the post."""

import io
import re
import struct
import zlib
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from e2e.mailbox import inspect, line
from e2e.writing import inbox, looks_well, open_window, saved
from mail import selectors, services
from mail.models import Attachment, Post

DROP = """([name, size, type]) => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([new Uint8Array(size).fill(120)], name, {type}))
    return transfer
}"""
PASTE = """(target, text) => {
    const clipboardData = new DataTransfer()
    clipboardData.items.add(new File(['pasted'], 'image.png', {type: 'image/png'}))
    if (text) clipboardData.setData('text/plain', text)
    const how = {clipboardData, bubbles: true, cancelable: true}
    target.dispatchEvent(new ClipboardEvent('paste', how))
}"""


def png(width: int = 300, height: int = 200) -> bytes:
    rows = b"".join(b"\0" + bytes([y % 256, 90, 120]) * width for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + head + body


def drop(page: Page, name: str, size: int = 10, kind: str = "text/plain") -> None:
    transfer = page.evaluate_handle(DROP, [name, size, kind])
    for event in ("dragover", "drop"):
        page.dispatch_event("opost-compose textarea", event, {"dataTransfer": transfer})


def choose(page: Page, *files: tuple[str, bytes]) -> None:
    given = [{"name": n, "mimeType": "application/pdf", "buffer": b} for n, b in files]
    page.locator("input[type=file]").set_input_files(given)  # type: ignore[arg-type]


def attached(scope: Locator | Page) -> Locator:
    return scope.get_by_role("list", name="Attachments").get_by_role("listitem")


def test_from_a_drop_to_the_recipients_disk(window, office, tmp_path, live_server):
    page = window("test")
    dialog = open_window(page)
    expect(dialog.get_by_text("Up to 20 files of 100.0")).to_be_visible()
    drop(page, "minutes.txt")
    expect(dialog.get_by_role("button", name="Remove minutes.txt")).to_be_visible()
    saved(dialog)  # there was no draft before
    choose(page, ("one.pdf", b"%PDF 1"), ("two.pdf", b"%PDF 2"))
    expect(attached(dialog)).to_have_count(3)
    dialog.get_by_role("button", name="Remove two.pdf").click()
    expect(attached(dialog)).to_have_count(2)
    expect(dialog.get_by_role("button", name="Remove one.pdf")).to_be_focused()
    dialog.get_by_role("combobox", name="To", exact=True).press_sequentially("udapost,")
    dialog.get_by_label("Subject").fill("Minutes")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_have_count(0)

    reader = window("udapost")
    expect(line(reader, "Minutes").get_by_text("With attachments")).to_be_attached()
    line(reader, "Minutes").get_by_role("link").click()
    link = reader.get_by_role("link", name="Download minutes.txt")
    with reader.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "minutes.txt"
    assert Path(download.value.path()).read_bytes() == b"x" * 10

    address = link.get_attribute("href")
    stranger = window("annika", complains=False)
    answer = stranger.request.get(f"{live_server.url}{address}")
    assert answer.status == 404


@pytest.fixture
def window(window, office):
    """Everybody here can sign in."""
    for user in office.values():
        user.set_password("deadbeef")
        user.save()
    return window


def test_an_upload_is_cancelled(window, office):
    page = window("test")
    dialog = open_window(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 50_000}
    network = page.context.new_cdp_session(page)
    network.send("Network.emulateNetworkConditions", slow)
    drop(page, "slow.bin", 1_000_000)
    cancel = dialog.get_by_role("button", name="Cancel slow.bin")
    expect(dialog.get_by_role("progressbar", name="Uploading slow.bin")).to_be_visible()
    cancel.click()
    expect(attached(dialog)).to_have_count(0)
    expect(dialog.get_by_role("button", name="Attach")).to_be_focused()
    assert not Attachment.objects.exists()


def test_what_is_not_taken_is_said_before_it_is_sent(window, office, settings):
    settings.ATTACHMENT_MAX_SIZE, settings.ATTACHMENTS_MAX_NUMBER = 1000, 2
    settings.ATTACHMENTS_MAX_SIZE = 1500
    page = window("test")
    dialog = open_window(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    drop(page, "setup.exe")
    drop(page, "large.bin", 1001)
    for said in ("“setup.exe” is not taken", "“large.bin” is too large: a file has at most 1000"):
        expect(attached(dialog).filter(has_text=said)).to_be_visible()
    assert not any("/attach/" in url for url in sent)
    choose(page, ("a", b"a" * 900), ("b", b"b" * 900))
    expect(attached(dialog).filter(has_text="“b” is too much")).to_be_visible()
    choose(page, ("c", b"c"), ("d", b"d"))
    expect(attached(dialog).filter(has_text="“d” is one too many")).to_be_visible()
    expect(dialog.get_by_role("button", name="Remove c")).to_be_visible()
    assert len([url for url in sent if "/attach/" in url]) == 2


def test_sending_waits_for_the_upload(window, office):
    page = window("test")
    dialog = open_window(page)
    dialog.get_by_role("combobox", name="To", exact=True).press_sequentially("udapost,")
    dialog.get_by_label("Subject").fill("Waiting")
    saved(dialog)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/attach/**", hold)
    drop(page, "slow.txt")
    expect(dialog.get_by_role("progressbar")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(dialog.get_by_text("Sent once the files are here…")).to_be_visible()
    assert not Post.objects.exists()
    page.wait_for_timeout(200)
    held[0].continue_()
    expect(dialog).to_have_count(0)
    assert len(selectors.attachments.of_post(Post.objects.get().pk)) == 1


def test_what_did_not_arrive_is_sent_again(window, office):
    page = window("test", complains=False)
    dialog = open_window(page)
    dialog.get_by_label("Subject").fill("Lost")
    saved(dialog)
    page.route("**/attach/**", lambda route: route.abort())
    for name in ("lost.txt", "lost too.txt"):
        drop(page, name)
        expect(attached(dialog).filter(has_text=f"“{name}” did not arrive")).to_be_visible()
    looks_well(page)

    page.unroute("**/attach/**")
    dialog.get_by_role("button", name="Try again: lost.txt").click()
    expect(dialog.get_by_role("link", name="lost.txt", exact=True)).to_be_visible()
    expect(dialog.get_by_role("button", name="Remove lost.txt")).to_be_focused()
    expect(attached(dialog)).to_have_text([re.compile(r"^\s*lost.txt"), re.compile("lost too.txt")])
    assert [one.name for one in Attachment.objects.all()] == ["lost.txt"]


def test_nothing_is_sent_without_what_was_meant_to_go_along(window, office):
    page = window("test", complains=False)
    dialog = open_window(page)
    dialog.get_by_role("combobox", name="To", exact=True).press_sequentially("udapost,")
    dialog.get_by_label("Subject").fill("With files")
    saved(dialog)
    drop(page, "kept.txt")
    expect(dialog.get_by_role("link", name="kept.txt")).to_be_visible()
    page.route("**/attach/**", lambda route: route.abort())
    for name in ("lost.txt", "run.exe"):
        drop(page, name)
    send = dialog.get_by_role("button", name="Send", exact=True)
    for missing in ("Cancel lost.txt", "Cancel run.exe"):
        send.click()
        expect(dialog.get_by_text("Not every file is attached")).to_be_visible()
        expect(attached(dialog).get_by_role("button").and_(page.locator(":focus"))).to_be_visible()
        assert not Post.objects.exists()
        dialog.get_by_role("button", name=missing).click()
    expect(dialog.get_by_text("Not every file is attached")).not_to_be_visible()
    expect(dialog.get_by_role("button", name="Remove kept.txt")).to_be_focused()
    send.click()
    expect(dialog).to_have_count(0)
    names = [one.name for one in selectors.attachments.of_post(Post.objects.get().pk)]
    assert names == ["kept.txt"]


def test_a_new_file_is_in_sight_however_many_there_are(window, office):
    page = window("test", viewport={"width": 1280, "height": 720})
    dialog = open_window(page)
    saved_name = [(f"{n}.pdf", b"x") for n in range(9)]
    choose(page, *saved_name)
    expect(attached(dialog).get_by_role("button", name="Remove")).to_have_count(9)
    expect(dialog.get_by_role("link", name="8.pdf")).to_be_in_viewport(ratio=1)
    drop(page, "run.exe")
    expect(attached(dialog).filter(has_text="run.exe")).to_be_in_viewport(ratio=1)


def test_a_picture_is_pasted_and_a_text_stays_a_text(window, office):
    page = window("test")
    dialog = open_window(page)
    page.locator("opost-compose textarea").evaluate(PASTE, "words")
    page.locator("opost-compose textarea").evaluate(PASTE, "")
    expect(dialog.get_by_role("button", name="Remove image.png")).to_be_visible()
    expect(attached(dialog)).to_have_count(1)


def test_files_wait_with_the_draft(window, office):
    page = window("test")
    dialog = open_window(page)
    dialog.get_by_label("Subject").fill("Later")
    choose(page, ("plan.pdf", b"%PDF"))
    expect(dialog.get_by_role("button", name="Remove plan.pdf")).to_be_visible()
    page.keyboard.press("Escape")
    page.goto("/drafts/")
    page.get_by_role("link", name="Discard Later").click()
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Remove plan.pdf")).to_be_visible()


def test_forwarding_takes_them_along_and_undo_brings_them_back(window, office):
    _send(office, "With a plan", ("plan.pdf", b"%PDF"))
    page = window("test")
    line(page, "With a plan").get_by_role("link").click()
    page.get_by_role("link", name="Forward", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(attached(dialog)).to_have_text(["plan.pdf 4\xa0bytes"], use_inner_text=False)
    dialog.get_by_role("combobox", name="To", exact=True).press_sequentially("anna,")
    expect(dialog.get_by_role("button", name="Remove plan.pdf")).to_be_visible()
    page.keyboard.press("Control+Enter")
    page.locator("#toasts").get_by_role("button", name="Undo").click()
    expect(dialog.get_by_role("button", name="Remove plan.pdf")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(dialog).to_have_count(0)
    assert inbox(office["anna"]) == ["Fwd: With a plan"]
    sent = Post.objects.get(subject="Fwd: With a plan", recalled=None)
    assert [one.name for one in selectors.attachments.of_post(sent.pk)] == ["plan.pdf"]


def test_what_is_forwarded_may_leave_a_file_out(window, office):
    _send(office, "Two plans", ("a.pdf", b"%PDF"), ("b.pdf", b"%PDF-"))
    page = window("test")
    line(page, "Two plans").get_by_role("link").click()
    page.get_by_role("link", name="Forward", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Remove a.pdf").click()
    expect(attached(dialog)).to_have_count(1)
    expect(dialog.get_by_role("button", name="Remove b.pdf")).to_be_focused()
    dialog.get_by_role("combobox", name="To", exact=True).press_sequentially("anna,")
    page.keyboard.press("Control+Enter")
    expect(dialog).to_have_count(0)
    sent = Post.objects.get(subject="Fwd: Two plans")
    assert [one.name for one in selectors.attachments.of_post(sent.pk)] == ["b.pdf"]


def test_a_draft_that_was_changed_elsewhere_keeps_its_files_as_a_new_one(window, office):
    draft = services.drafts.save(owner=office["test"], subject="Shared")
    services.attachments.attach(draft=draft, file=io.BytesIO(b"%PDF"), name="plan.pdf")
    page = window("test", complains=False)  # of 409
    page.goto("/drafts/")
    page.get_by_role("link", name="Shared").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Remove plan.pdf")).to_be_enabled()
    services.drafts.save(owner=office["test"], draft_id=draft.pk, version=1, subject="Theirs")
    dialog.get_by_label("Subject").fill("Mine")
    dialog.get_by_role("button", name="Keep this text as a new draft").click()
    saved(dialog)
    expect(dialog.get_by_role("button", name="Remove plan.pdf")).to_be_enabled()
    dialog.get_by_role("button", name="Remove plan.pdf").click()
    expect(attached(dialog)).to_have_count(0)
    assert selectors.attachments.of_draft(office["test"], draft.pk).count() == 1
    assert selectors.drafts.own(office["test"]).count() == 2


def test_without_scripts(window, office):
    page = window("test", java_script_enabled=False)
    page.goto("/compose/")
    page.get_by_label("To", exact=True).fill("udapost")
    page.get_by_label("Subject").fill("Plain")
    choose(page, ("one.pdf", b"1"), ("two.pdf", b"2"))
    page.get_by_role("button", name="Save draft").click()
    page.get_by_role("button", name="Remove one.pdf").click()
    expect(attached(page)).to_have_count(1)
    choose(page, ("three.pdf", b"3"))
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Sent to udapost.")).to_be_visible()
    sent = selectors.attachments.of_post(Post.objects.get().pk)
    assert [one.name for one in sent] == ["two.pdf", "three.pdf"]


def _send(office, subject: str, *files: tuple[str, bytes]) -> None:
    draft = services.drafts.save(owner=office["udapost"], to="test", subject=subject)
    for name, content in files:
        services.attachments.attach(draft=draft, file=io.BytesIO(content), name=name)
    services.drafts.send(draft=draft)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_looks_well(window, office, scheme, width):
    long = "Quarterly figures under a very long name that does not fit into any line at all.pdf"
    _send(office, "Pictures", ("a.png", png()), (long, b"x" * 12345), ("notes.txt", b"n"))
    page = window("test", color_scheme=scheme, viewport={"width": width, "height": 800})
    inspect(page, "list")
    page.goto("/inbox/1/")
    expect(page.get_by_role("link", name="Look at a.png")).to_be_visible()
    expect(page.locator(".thumbnail img")).to_have_js_property("naturalWidth", 300)
    inspect(page, "post")
    dialog = open_window(page)
    drop(page, "setup.exe")
    choose(page, ("a.png", png()), (long, b"x"))
    expect(dialog.get_by_role("button", name="Remove Quart")).to_be_visible()
    looks_well(page)
