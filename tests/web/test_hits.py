"""Reading hits of a search, and acting on them: some of them, or all that were found."""

import re
from http import HTTPStatus

import pytest

from mail import selectors, services
from mail.selectors.selection import some

HTMX = {"HX-Request": "true"}
PATHS = [
    f"/search/{action}/"
    for action in ("mark-read", "mark-unread", "flag", "unflag", "archive", "delete")
] + ["/search/move/?to=archive"]
UNDO = "/search/archive/undo/"


@pytest.fixture(autouse=True)
def posts(alice, bob):
    """Three in the inbox, and one in the archive."""
    for n in range(4):
        services.sending.send(sender=alice, to=["bob"], subject=f"needle {n}", body="in a haystack")
    box = selectors.boxes.own_box(bob)
    services.mailbox.move(selection=some(box, [4]), to=selectors.boxes.own_box(bob, "archive"))


@pytest.fixture
def hit(bob):
    """A hit as pages name it, by its folder and uid."""
    return lambda uid, folder="": f"{selectors.boxes.own_box(bob, folder).pk}.{uid}"


@pytest.fixture
def everything(bob):
    """What a page says of all that was found when it was made."""

    def everything(q: str = "needle") -> dict[str, object]:
        seen = selectors.selection.seen_of(selectors.boxes.own_boxes(bob))
        return {"q": q, "all": 1, "seen": " ".join(f"{k}.{v}" for k, v in seen.items())}

    return everything


def flagged(user) -> list[str]:
    boxes = selectors.boxes.own_boxes(user)
    lines = [line for box in boxes for line in selectors.mailbox.page(box).rows if line.is_flagged]
    return sorted(line.subject for line in lines)


def test_an_opened_hit_shows_what_was_looked_for(signed_in, bob):
    client = signed_in(bob)
    for headers in ({}, HTMX):
        page = client.get("/search/inbox/1/", {"q": "NEEDLE hay -b from:alice"}, headers=headers)
        pane = page.text[page.text.index('id="post-subject"') :]
        assert "><mark>needle</mark> 0</h2>" in pane
        assert "<p>in a <mark>haystack</mark></p>" in pane
    assert "<title>needle 0 " in client.get("/search/inbox/1/?q=needle").text
    assert "<mark>" not in client.get("/inbox/1/").text


def test_the_page_names_hits_and_what_was_seen(signed_in, bob, hit, everything):
    page = signed_in(bob).get("/search/?q=needle")
    assert f'name="uid" value="{hit(1)}"' in page.text
    assert f'name="uid" value="{hit(1, "archive")}"' in page.text
    assert f'name="seen" value="{everything()["seen"]}"' in page.text
    assert 'href="/search/archive/1/?q=needle"' in page.text
    assert 'name="all"' not in page.text  # all of it is on the page


def test_everything_can_be_chosen_where_there_is_more(signed_in, bob, alice):
    for n in range(selectors.mailbox.PAGE):
        services.sending.send(sender=alice, to=["bob"], subject=f"needle {n}")
    assert 'name="all"' in signed_in(bob).get("/search/?q=needle").text


class TestReadHit:
    def test_works(self, signed_in, bob, hit):
        page = signed_in(bob).get("/search/archive/1/?q=needle")
        assert page.status_code == HTTPStatus.OK
        assert "in a haystack" in page.text
        assert page.text.count('<li id="line-') == 4  # beside what was found
        assert page.text.count('aria-current="true"') == 1
        assert 'href="/search/?q=needle" data-key="Escape"' in page.text
        assert f'name="uid" value="{hit(1, "archive")}"' in page.text
        assert "/archive/mark-read/" not in page.text

    def test_htmx_gets_the_pane(self, signed_in, bob):
        pane = signed_in(bob).get("/search/inbox/1/?q=needle", headers=HTMX)
        assert pane.text.lstrip().startswith('<section id="pane"')

    @pytest.mark.parametrize("q", ["", "a is:new"])
    def test_with_an_odd_query(self, signed_in, bob, q):
        answer = signed_in(bob).get("/search/inbox/1/", {"q": q})
        assert answer.status_code == (HTTPStatus.BAD_REQUEST if q else HTTPStatus.OK)

    def test_a_stranger_sees_nothing_of_it(self, signed_in, charlie):
        answer = signed_in(charlie).get("/search/inbox/1/?q=needle")
        assert answer.status_code == HTTPStatus.NOT_FOUND

    def test_signed_out(self, client):
        answer = client.get("/search/inbox/1/?q=needle")
        assert answer.headers["Location"].startswith("/sign-in/?next=")

    def test_wrong_method(self, signed_in, bob):
        answer = signed_in(bob).post("/search/inbox/1/?q=needle")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_marking_works_as_a_plain_form(signed_in, bob, hit):
    client = signed_in(bob)
    given = {"q": "needle x&y", "uid": [hit(1), hit(1, "archive")]}
    answer = client.post("/search/mark-read/", given)
    assert answer.headers["Location"] == "/search/?q=needle+x%26y"
    assert selectors.boxes.unread_counts(bob) == {"": 2}
    answer = client.post("/search/mark-unread/", given | {"opened": 1})
    assert answer.headers["Location"] == "/search/?q=needle+x%26y"  # or it would be read again
    answer = client.post("/search/flag/", given | {"opened": 1})
    assert answer.headers["Location"] == "/search/inbox/1/?q=needle+x%26y"
    answer = client.post("/search/flag/", given | {"before": "x.1"})
    assert answer.headers["Location"] == "/search/?q=needle+x%26y&before=x.1"
    assert flagged(bob) == ["needle 0", "needle 3"]
    client.post("/search/unflag/", {"q": "needle", "uid": hit(1)})
    assert flagged(bob) == ["needle 3"]


def test_marking_through_htmx_changes_the_lines_in_place(signed_in, bob, hit):
    given = {"q": "needle is:unread", "uid": [hit(1), hit(1, "archive")]}
    answer = signed_in(bob).post("/search/mark-read/", given, headers=HTMX)
    for each in given["uid"]:  # though they fit the search no more
        assert f'hx-target="#line-{each.replace(".", "-")}" hx-swap="outerMorph"' in answer.text
        assert f'name="uid" value="{each}"' in answer.text
    assert 'class="line unread"' not in answer.text
    assert "<mark>needle</mark>" in answer.text
    assert 'hx-target="#folders"' in answer.text


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_all_that_was_found_and_seen(signed_in, alice, bob, everything, headers):
    given = everything()
    services.sending.send(sender=alice, to=["bob"], subject="needle later")
    page = signed_in(bob).post("/search/mark-read/", given, headers=headers, follow=True)
    assert "4 posts marked read." in page.text
    assert selectors.boxes.unread_counts(bob) == {"": 1}
    page = signed_in(bob).post("/search/flag/", everything("is:read"), headers=headers, follow=True)
    assert "4 posts flagged." in page.text
    page = signed_in(bob).post(
        "/search/unflag/", everything("is:flagged"), headers=headers, follow=True
    )
    assert "4 posts unflagged." in page.text
    assert flagged(bob) == []


def test_what_is_shown_is_among_all(signed_in, bob, hit, everything):
    """A hit that was moved since the page was made has a uid above what was seen."""
    given = everything()
    services.mailbox.move(
        selection=some(selectors.boxes.own_box(bob), [1]),
        to=selectors.boxes.own_box(bob, "archive"),
    )
    client = signed_in(bob)
    page = client.post("/search/mark-read/", given | {"uid": hit(2, "archive")}, follow=True)
    assert "4 posts marked read." in page.text


def test_a_moved_hit_is_shown_where_it_is_now(signed_in, bob, hit):
    given = {"q": "needle", "uid": [hit(1), hit(1, "archive")]}
    answer = signed_in(bob).post("/search/archive/", given, headers=HTMX)
    assert "1 post archived." in answer.text  # the other one was there
    old, new = hit(1).replace(".", "-"), hit(2, "archive").replace(".", "-")
    assert f'hx-target="#line-{old}" hx-swap="outerHTML"' in answer.text
    assert f'<li id="line-{new}"' in answer.text
    assert f"#pane[data-post='{old}']" in answer.text


@pytest.mark.parametrize("q", ["needle in:inbox", "needle"])
def test_a_hit_that_fits_no_more_is_taken_out(signed_in, bob, hit, q):
    action = "archive" if "in:" in q else "delete"
    answer = signed_in(bob).post(f"/search/{action}/", {"q": q, "uid": hit(1)}, headers=HTMX)
    assert f'hx-target="#line-{hit(1).replace(".", "-")}" hx-swap="delete"' in answer.text
    assert '<li id="line-' not in answer.text


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["plain", "htmx"])
def test_moving_all_is_undone_by_the_form_that_comes_with_it(
    signed_in, bob, subjects, everything, headers
):
    client = signed_in(bob)
    page = client.post("/search/delete/", everything(), headers=headers, follow=True)
    assert "4 posts are in the trash." in page.text
    assert '<li id="line-' not in page.text
    assert len(subjects(bob, "trash")) == 4
    moved = re.search(r'name="moved" value="([^"]+)"', page.text)
    assert moved
    assert 'action="/search/trash/undo/"' in page.text

    given = {"q": "needle", "moved": moved[1]}
    page = client.post("/search/trash/undo/", given, headers=headers, follow=True)
    assert "Undone." in page.text
    assert page.text.count('<li id="line-') == 4
    assert subjects(bob) == ["needle 2", "needle 1", "needle 0"]
    assert subjects(bob, "archive") == ["needle 3"]
    assert subjects(bob, "trash") == []


class TestTheTrash:
    @pytest.fixture(autouse=True)
    def _trash(self, bob):
        services.mailbox.trash(
            selection=some(selectors.boxes.own_box(bob), [1, 2]),
            owner=bob,
        )

    def test_is_left_alone_by_a_search_of_other_folders_too(
        self, signed_in, bob, hit, everything, subjects
    ):
        page = signed_in(bob).post(
            "/search/delete/", everything("needle in:trash in:inbox"), follow=True
        )
        assert "1 post is in the trash." in page.text
        assert subjects(bob, "trash") == ["needle 2", "needle 1", "needle 0"]

    @pytest.mark.parametrize("chosen", ["all", "uid"])
    def test_is_asked_about_and_then_deleted_for_good(
        self, signed_in, bob, hit, everything, subjects, chosen
    ):
        client, given = signed_in(bob), everything("needle in:trash")
        if chosen == "uid":
            given = {"q": "needle in:trash", "uid": [hit(1, "trash"), hit(2, "trash")]}
        asked = client.post("/search/delete/", given)  # without a script, in which it is asked
        assert "This cannot be undone." in asked.text
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asked.text))
        assert {name: str(fields[name]) for name in ("q", "sure")} == {
            "q": "needle in:trash",
            "sure": "1",
        }
        assert len(subjects(bob, "trash")) == 2
        page = client.post("/search/delete/", given | {"sure": 1}, follow=True)
        assert "2 posts deleted for good." in page.text
        assert subjects(bob, "trash") == []

    def test_is_asked_about_by_a_script(self, signed_in, bob, hit, subjects):
        client = signed_in(bob)
        assert "hx-confirm" in client.get("/search/?q=in:trash").text
        given = {"q": "in:trash", "uid": hit(1, "trash")}
        answer = client.post("/search/delete/", given, headers=HTMX)
        assert "1 post deleted for good." in answer.text
        assert 'hx-swap="delete"' in answer.text
        assert subjects(bob, "trash") == ["needle 1"]


def test_to_a_folder_and_to_none(signed_in, bob, hit, everything, subjects):
    services.folders.create(owner=bob, name="own")
    client = signed_in(bob)
    page = client.post("/search/move/?to=folder-own", everything(), follow=True)
    assert "4 posts are in own." in page.text
    for to in ("", "folder-none", "nowhere"):
        answer = client.post(f"/search/move/?to={to}", everything())
        assert answer.status_code == HTTPStatus.NOT_FOUND
    assert len(subjects(bob, "own")) == 4


def test_two_copies_that_become_one_are_shown_once(signed_in, alice, bob, hit):
    services.sending.send(sender=bob, to=["bob"], subject="twice")
    given = {"q": "twice", "uid": [hit(5), hit(1, "sent")]}
    answer = signed_in(bob).post("/search/archive/", given, headers=HTMX)
    assert answer.text.count('<li id="line-') == 1
    assert "2 posts archived." in answer.text
    moved = re.search(r'name="moved" value="([^"]+)"', answer.text)
    assert moved
    signed_in(bob).post("/search/archive/undo/", {"q": "twice", "moved": moved[1]})
    assert [
        selectors.mailbox.rows(selectors.boxes.own_box(bob, folder), [2, 6]) != []
        for folder in ("", "sent")
    ] == [True, True]


@pytest.mark.parametrize("path", [*PATHS, UNDO])
def test_a_stranger_changes_nothing(signed_in, charlie, bob, hit, everything, path):
    given = {"q": "needle", "uid": hit(1), "moved": f"{hit(0).partition('.')[0]}:1-1"}
    answer = signed_in(charlie).post(path, given)
    assert answer.status_code == HTTPStatus.NOT_FOUND
    signed_in(charlie).post(path, everything())
    assert selectors.boxes.unread_counts(bob) == {"": 3, "archive": 1}
    assert len(selectors.mailbox.page(selectors.boxes.own_box(bob)).rows) == 3
    assert flagged(bob) == []


@pytest.mark.parametrize("path", [*PATHS, UNDO])
def test_signed_out(client, path, bob, hit, everything):
    answer = client.post(path, everything() | {"uid": hit(1)})
    assert answer.headers["Location"].startswith("/sign-in/?next=")
    assert selectors.boxes.unread_counts(bob) == {"": 3, "archive": 1}


@pytest.mark.parametrize("path", [*PATHS, UNDO])
def test_wrong_method(signed_in, bob, path):
    assert signed_in(bob).get(path).status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize(
    "given",
    [
        {},
        *({"uid": uid} for uid in ("x", "1", "1.x", "-1.1", "1.1.1", f"1.{10**30}", "1.\u0661")),
        *({"all": 1, "seen": seen} for seen in ("x", "1", "1.2 3")),
        {"seen": "1.2"},
    ],
)
@pytest.mark.parametrize("path", PATHS)
def test_bad_input_changes_nothing_and_says_so(signed_in, bob, path, given):
    answer = signed_in(bob).post(path, given | {"q": "needle"})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "Choose at least one post." in answer.text
    assert selectors.boxes.unread_counts(bob) == {"": 3, "archive": 1}


@pytest.mark.parametrize(
    "moved", [None, "", "x", "1:2", "1:2-x", "1:5-9 1:8-10", "1+5-6", "1+x", f"1:1-{10**30}"]
)
def test_bad_input_undoes_nothing(signed_in, bob, moved):
    answer = signed_in(bob).post(UNDO, {} if moved is None else {"moved": moved})
    assert answer.status_code == HTTPStatus.BAD_REQUEST


def test_a_search_that_cannot_be_read_finds_nothing_to_act_on(signed_in, bob, everything):
    answer = signed_in(bob).post("/search/mark-read/", everything("is:new"))
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "“is:new”" in answer.text
    signed_in(bob).post("/search/delete/", everything(""))  # which is nothing, not everything
    assert selectors.boxes.unread_counts(bob) == {"": 3, "archive": 1}
