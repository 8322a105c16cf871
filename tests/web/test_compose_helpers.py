"""What the form asks for while somebody writes: preview, completion, who is meant."""

from http import HTTPStatus

import pytest

from mail import services
from mail.models import Draft, Post, User

HTMX = {"HX-Request": "true"}


class TestPreview:
    def test_works_as_a_page_with_all_that_was_typed(self, signed_in, alice):
        form = {"to": "bob", "subject": "hi", "body": "**bold**"}
        page = signed_in(alice).post("/compose/preview/", form)
        assert page.status_code == HTTPStatus.OK
        assert "<strong>bold</strong>" in page.text
        assert "**bold**" in page.text
        assert 'value="bob"' in page.text
        assert not Draft.objects.exists()
        assert not Post.objects.exists()

    def test_is_a_fragment_that_htmx_leaves_alone(self, signed_in, alice):
        form = {"body": "<b hx-get=/x>*x*</b>"}
        page = signed_in(alice).post("/compose/preview/", form, headers=HTMX)
        assert "<html" not in page.text
        assert '<div class="body" hx-ignore>' in page.text
        assert "<b hx-get" not in page.text

    def test_of_nothing_says_so(self, signed_in, alice):
        page = signed_in(alice).post("/compose/preview/", {"body": ""}, headers=HTMX)
        assert "Nothing is written yet." in page.text

    def test_of_plain_text_is_plain(self, signed_in, alice):
        form = {"body": "*x*", "content_type": "text/plain"}
        page = signed_in(alice).post("/compose/preview/", form, headers=HTMX)
        assert "*x*" in page.text

    def test_of_too_much_is_refused(self, signed_in, alice):
        form = {"body": "x" * (256 * 1024 + 1)}
        page = signed_in(alice).post("/compose/preview/", form, headers=HTMX)
        assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "at most 262144 are allowed" in page.text

    def test_wrong_method(self, signed_in, alice):
        answer = signed_in(alice).get("/compose/preview/")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


class TestComplete:
    def test_works(self, signed_in, alice, bob, crew):
        User.objects.create_user("carla", first_name="Bo", last_name="Berg")
        page = signed_in(alice).get("/compose/complete/", {"q": "bo"})
        assert page.text.index('data-name="bob"') < page.text.index('data-name="carla"')
        assert "Bo Berg" in page.text
        assert "2 suggestions" in page.text

    def test_a_group_says_its_size(self, signed_in, alice, crew):
        page = signed_in(alice).get("/compose/complete/", {"q": "cr"})
        assert "2 people" in page.text
        assert "1 suggestion<" in page.text

    def test_only_those_whom_one_may_write_to(self, signed_in, alice, staff, everyone):
        for user, there in ((alice, False), (staff, True)):
            page = signed_in(user).get("/compose/complete/", {"q": "every"})
            assert ('data-name="everyone"' in page.text) == there

    def test_nothing_typed_is_nothing_found(self, signed_in, alice):
        assert "data-name" not in signed_in(alice).get("/compose/complete/").text

    def test_wrong_method(self, signed_in, alice):
        answer = signed_in(alice).post("/compose/complete/")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED

    def test_costs_the_same_at_any_size(
        self, signed_in, alice, bob, crew, django_assert_num_queries
    ):
        client = signed_in(alice)
        counts = set()
        for n in range(3):
            User.objects.create_user(f"cr{n}")
            # Session, person, people, groups, how large they are.
            with django_assert_num_queries(5) as queries:
                client.get("/compose/complete/", {"q": "cr"})
            counts.add(len(queries))
        assert len(counts) == 1


class TestRecipients:
    def test_come_in_their_order(self, signed_in, alice, bob, crew):
        page = signed_in(alice).get("/compose/recipients/", {"names": "nemo, CREW,Bob"})
        names = ['data-name="nemo"', 'data-name="crew"', 'data-name="bob"']
        places = [page.text.index(name) for name in names]
        assert places == sorted(places)
        assert page.text.count("<li") == 3
        assert "<bdi>crew</bdi> · 2 people" in page.text
        assert page.text.count("unknown") == 1
        assert "Remove crew" in page.text

    def test_what_is_typed_is_text(self, signed_in, alice):
        page = signed_in(alice).get("/compose/recipients/", {"names": '"><script>'})
        assert "<script" not in page.text

    def test_are_asked_about_in_bounds(self, signed_in, alice):
        page = signed_in(alice).get("/compose/recipients/", {"names": ",".join("x" * 500)})
        assert page.text.count("<li") == 100

    def test_wrong_method(self, signed_in, alice):
        answer = signed_in(alice).post("/compose/recipients/")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED

    def test_cost_the_same_at_any_size(
        self, signed_in, alice, bob, crew, django_assert_num_queries
    ):
        client = signed_in(alice)
        services.groups.create(name="more", by=alice)
        for names in ("crew, bob", "crew, more, bob, alice, nemo"):
            with django_assert_num_queries(4):  # session, person, boxes, how large they are
                client.get("/compose/recipients/", {"names": names})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/compose/preview/"),
        ("get", "/compose/complete/"),
        ("get", "/compose/recipients/"),
    ],
)
def test_signed_out(client, db, method, path):
    assert getattr(client, method)(path).status_code == HTTPStatus.FOUND
    htmx = getattr(client, method)(path, headers=HTMX)
    assert htmx.status_code == HTTPStatus.UNAUTHORIZED
    assert "HX-Redirect" in htmx.headers
