from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from mail import selectors, services
from mail.models import Post
from mail.search import index, tokenizer
from mail.selectors.selection import some


@pytest.fixture
def post(alice, bob):
    return services.sending.send(
        sender=alice, to=["bob"], subject="Minutes", body="what we said on **Monday** & <later>"
    ).post


def test_works(signed_in, bob, post):
    page = signed_in(bob).get("/search/", {"q": "monday"})

    assert page.status_code == HTTPStatus.OK
    assert "what we said on <mark>Monday</mark> &amp; &lt;later&gt;" in page.text
    assert reverse("read_post", args=["inbox", 1]) in page.text
    assert 'value="monday"' in page.text


def test_each_hit_links_to_its_own_folder(signed_in, alice, bob, post):
    services.folders.create(owner=bob, name="things")
    services.mailbox.move(
        selection=some(selectors.boxes.own_box(bob), [1]), to=selectors.boxes.own_box(bob, "things")
    )
    services.sending.send(sender=bob, to=["alice"], subject="minutes too")
    page = signed_in(bob).get("/search/", {"q": "minutes"})
    assert reverse("read_post", args=["folder-things", 1]) in page.text
    assert reverse("read_post", args=["sent", 1]) in page.text


def test_get_serves_the_subscriptions(signed_in, alice, bob, crew):
    services.sending.send(sender=alice, to=["crew"], subject="to the crew")
    assert "to the <mark>crew</mark>" in signed_in(bob).get("/search/?q=crew").text


def test_a_stranger_sees_nothing_of_it(signed_in, charlie, post):
    page = signed_in(charlie).get("/search/", {"q": "monday"})
    assert page.status_code == HTTPStatus.OK
    assert "Minutes" not in page.text
    assert "Nothing was found." in page.text
    assert "/search/?q=monday%20in:trash" in page.text


def test_signed_out(client, db):
    location = client.get("/search/?q=x").headers["Location"]
    assert location == f"{reverse('sign_in')}?next=/search/%3Fq%3Dx"


def test_wrong_method(signed_in, bob):
    assert signed_in(bob).post("/search/").status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("query", ["", "?q=", "?q=+"])
def test_without_a_query_it_says_how(signed_in, bob, query):
    page = signed_in(bob).get(f"/search/{query}")
    assert page.status_code == HTTPStatus.OK
    assert "is:unread" in page.text
    assert "has:attachment" in page.text


def test_the_keys_lead_to_what_can_be_looked_for(signed_in, bob):
    page = signed_in(bob).get("/")
    assert '<a href="/search/">what can be looked for</a>' in page.text


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("a is:new", "“is:new”, at character 3"),
        ("in:attic", "“in:attic”, at character 1"),
        ('"<b>', "“&quot;&lt;b&gt;”, at character 1"),
    ],
)
def test_what_cannot_be_read_is_named_and_kept(signed_in, bob, query, part):
    page = signed_in(bob).get("/search/", {"q": query})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert part in page.text
    assert page.context["searched"] == query
    assert "aria-invalid" in page.text


def test_each_part_can_be_taken_away(signed_in, bob, post):
    page = signed_in(bob).get("/search/", {"q": 'from:alice "a b" -c'})
    parts = {part["text"]: part["without"] for part in page.context["parts"]}
    assert parts == {
        "from:alice": '"a b" -c',
        '"a b"': "from:alice -c",
        "-c": 'from:alice "a b"',
    }
    assert 'href="/search/?q=%22a%20b%22%20-c"' in page.text


def test_pages_by_keyset(signed_in, alice, bob):
    for n in range(selectors.mailbox.PAGE + 2):
        services.sending.send(sender=alice, to=["bob"], subject=f"number {n}.")
    client = signed_in(bob)
    first = client.get("/search/?q=number")
    assert len(first.context["hits"]) == selectors.mailbox.PAGE
    url = f"/search/?q=number&before={first.context['next_before']}"
    assert url.replace("&", "&amp;") in first.text
    assert parse_qs(urlsplit(url).query)["q"] == ["number"]
    services.sending.send(sender=alice, to=["bob"], subject="number newer")

    second = client.get(url)
    fragment = client.get(url, headers={"HX-Request": "true"})

    subjects = [hit["line"].subject for hit in second.context["hits"]]
    assert subjects == ["<mark>number</mark> 1.", "<mark>number</mark> 0."]
    assert fragment.text.lstrip().startswith("<li")
    assert fragment.text.count("<li") == 2


def test_pages_are_as_long_as_one_chose(signed_in, alice, bob):
    for n in range(27):
        services.sending.send(sender=alice, to=["bob"], subject=f"number {n}.")
    services.account.save_settings(user=bob, page_size=25)
    page = signed_in(bob).get("/search/?q=number")
    assert len(page.context["hits"]) == 25
    page = signed_in(bob).get("/search/", {"q": "number", "before": page.context["next_before"]})
    assert len(page.context["hits"]) == 2


@pytest.mark.parametrize("before", ["", "x", "1.2", f"{'0' * 32}.x"])
def test_a_bad_cursor_is_not_found(signed_in, bob, before):
    answer = signed_in(bob).get("/search/", {"q": "x", "before": before})
    assert answer.status_code == HTTPStatus.NOT_FOUND


def test_a_page_costs_the_same_at_any_size(signed_in, alice, bob, everyone, fill):
    client = signed_in(bob)
    services.sending.send(sender=alice, to=["bob"], subject="common")

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/search/?q=common").status_code == HTTPStatus.OK
        return len(queries)

    client.get("/search/")
    costs = {cost()}
    for size in (10, 10_000):
        fill(selectors.boxes.own_box(bob), size)
        vector = tokenizer.vector(subject="common", sender="x", recipients=[], body="")
        index.add(dict.fromkeys(Post.objects.values_list("pk", flat=True), vector))
        costs.add(cost())
    # Session, person, box, idle sync, own boxes, who is called so, the newest, which of them fit,
    # which these are, lines, first words, full names, words around the hits, folders.
    assert costs == {14}
