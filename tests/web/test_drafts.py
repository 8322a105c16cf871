from http import HTTPStatus
from uuid import uuid4

import pytest

from mail import selectors, services
from mail.models import Draft

HTMX = {"HX-Request": "true"}


@pytest.fixture
def draft(alice):
    return services.drafts.save(owner=alice, to="bob", cc="charlie", subject="begun", body="a\nb")


class TestSaving:
    def test_works(self, signed_in, alice):
        page = signed_in(alice).post("/compose/save/", {"to": "nobody ye", "body": "x"})
        draft = selectors.drafts.own(alice).get()
        assert page.headers["Location"] == f"/compose/{draft.pk}/"
        assert (draft.to, draft.body) == ("nobody ye", "x")

    def test_a_script_is_told_the_version(self, signed_in, alice, draft):
        client, form = signed_in(alice), {"draft": draft.pk, "body": "more"}
        for version in (1, 2):
            answer = client.post(
                "/compose/save/",
                form | {"version": version, "body": f"more {version}"},
                headers=HTMX,
            )
            assert answer.status_code == HTTPStatus.OK
            assert f'data-version="{version + 1}"' in answer.text

    def test_keeps_spaces_and_the_ends_of_lines_as_scripts_send_them(self, signed_in, alice):
        signed_in(alice).post("/compose/save/", {"subject": " a ", "body": "  x\r\n\r\ny \n"})
        draft = selectors.drafts.own(alice).get()
        assert (draft.subject, draft.body) == (" a ", "  x\n\ny \n")

    def test_the_same_again_is_no_change(self, signed_in, alice, draft):
        form = {"draft": draft.pk, "version": 1, "to": "bob", "cc": "charlie", "subject": "begun"}
        form |= {"body": "a\r\nb", "kind": "new", "content_type": "text/markdown"}
        answer = signed_in(alice).post("/compose/save/", form, headers=HTMX)
        assert 'data-version="1"' in answer.text

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_overwrites_nothing_that_was_changed_elsewhere(self, signed_in, alice, draft, headers):
        form = {"draft": draft.pk, "version": 7, "body": "mine"}
        answer = signed_in(alice).post("/compose/save/", form, headers=headers)
        assert answer.status_code == HTTPStatus.CONFLICT
        assert "Keep this text as a new draft" in answer.text
        assert ("mine" in answer.text) == (not headers)
        draft.refresh_from_db()
        assert draft.body == "a\nb"

    def test_keeps_it_as_a_draft_of_its_own_when_asked(self, signed_in, alice, draft):
        fork = uuid4()
        form = {"draft": draft.pk, "version": 7, "body": "mine", "fork": fork}
        answer = signed_in(alice).post("/compose/save/", form)
        assert answer.headers["Location"] == f"/compose/{fork}/"
        assert {d.body for d in selectors.drafts.own(alice)} == {"a\nb", "mine"}

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_what_was_sent_or_discarded_does_not_come_back(self, signed_in, alice, draft, headers):
        services.drafts.discard(draft=draft)
        form = {"draft": draft.pk, "version": 1, "body": "mine"}
        answer = signed_in(alice).post("/compose/save/", form, headers=headers)
        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert "Keep this text as a new draft" in answer.text
        assert not Draft.objects.exists()

    def test_a_stranger_gets_404_and_changes_nothing(self, signed_in, charlie, draft):
        form = {"draft": draft.pk, "version": 1, "body": "mine"}
        answer = signed_in(charlie).post("/compose/save/", form)
        assert answer.status_code == HTTPStatus.NOT_FOUND
        draft.refresh_from_db()
        assert draft.body == "a\nb"

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_too_much_is_refused_at_its_field(self, signed_in, alice, headers):
        form = {"body": "x" * (1024 * 1024 + 1)}
        answer = signed_in(alice).post("/compose/save/", form, headers=headers)
        assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "at most 1048576 are allowed" in answer.text

    def test_wrong_method(self, signed_in, alice):
        answer = signed_in(alice).get("/compose/save/")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


class TestOpening:
    def test_works(self, signed_in, alice, draft):
        page = signed_in(alice).get(f"/compose/{draft.pk}/")
        for text in ('value="bob"', 'value="charlie"', 'value="begun"', "a\nb", str(draft.pk)):
            assert text in page.text
        assert "<html" in page.text

    def test_htmx_gets_the_window_alone(self, signed_in, alice, draft):
        page = signed_in(alice).get(f"/compose/{draft.pk}/", headers=HTMX)
        assert page.text.strip().startswith("<opost-compose")

    @pytest.mark.parametrize("headers", [{}, HTMX])
    def test_a_stranger_gets_404(self, signed_in, charlie, draft, headers):
        answer = signed_in(charlie).get(f"/compose/{draft.pk}/", headers=headers)
        assert answer.status_code == HTTPStatus.NOT_FOUND

    def test_wrong_method(self, signed_in, alice, draft):
        answer = signed_in(alice).post(f"/compose/{draft.pk}/")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


class TestList:
    def test_works_newest_first(self, signed_in, alice, draft):
        services.drafts.save(owner=alice, subject="newer")
        page = signed_in(alice).get("/drafts/")
        assert page.text.index("newer") < page.text.index("begun")
        assert "To nobody yet" in page.text
        assert "To bob" in page.text

    def test_says_when_there_is_none(self, signed_in, alice):
        assert "No drafts." in signed_in(alice).get("/drafts/").text

    def test_a_stranger_sees_nothing_of_it(self, signed_in, charlie, draft):
        assert "begun" not in signed_in(charlie).get("/drafts/").text

    def test_comes_in_pages(self, signed_in, alice):
        for n in range(51):
            services.drafts.save(owner=alice, subject=f"number {n}.")
        client = signed_in(alice)
        first = client.get("/drafts/")
        assert "number 0." not in first.text
        assert "Older drafts" in first.text
        assert "number 0." in client.get("/drafts/", {"page": 2}).text
        assert client.get("/drafts/", {"page": "x"}).status_code == HTTPStatus.OK

    def test_wrong_method(self, signed_in, alice):
        assert signed_in(alice).post("/drafts/").status_code == HTTPStatus.METHOD_NOT_ALLOWED

    def test_costs_the_same_at_any_size(self, signed_in, alice, django_assert_num_queries):
        client = signed_in(alice)
        for _ in range(2):
            for n in range(20):
                services.drafts.save(owner=alice, subject=f"number {n}.", body="x" * 10_000)
            with django_assert_num_queries(4) as queries:  # session, person, how many, drafts
                client.get("/drafts/")
            assert "x" * 1000 not in str(queries.captured_queries)


class TestDiscarding:
    def test_asks_first(self, signed_in, alice, draft):
        page = signed_in(alice).get(f"/compose/{draft.pk}/discard/")
        assert "begun" in page.text
        assert Draft.objects.exists()

    def test_works(self, signed_in, alice, draft):
        page = signed_in(alice).post(f"/compose/{draft.pk}/discard/", follow=True)
        assert "Draft discarded." in page.text
        assert not Draft.objects.exists()

    def test_can_be_undone_from_a_script(self, signed_in, alice, draft):
        client = signed_in(alice)
        page = client.post(f"/compose/{draft.pk}/discard/", headers=HTMX)
        assert f'hx-target="#draft-{draft.pk}" hx-swap="delete"' in page.text
        assert not Draft.objects.exists()

        form = {
            name: field.value()
            for name in ("to", "cc", "bcc", "subject", "body", "kind", "draft", "content_type")
            if (field := page.context["form"][name])
        }
        client.post("/compose/save/", form)
        back = selectors.drafts.own(alice).get()
        assert (back.pk, back.to, back.cc, back.body) == (draft.pk, "bob", "charlie", "a\nb")

    @pytest.mark.parametrize("method", ["get", "post"])
    def test_a_stranger_gets_404(self, signed_in, charlie, draft, method):
        answer = getattr(signed_in(charlie), method)(f"/compose/{draft.pk}/discard/")
        assert answer.status_code == HTTPStatus.NOT_FOUND
        assert Draft.objects.exists()

    def test_wrong_method(self, signed_in, alice, draft):
        answer = signed_in(alice).put(f"/compose/{draft.pk}/discard/")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/compose/save/"),
        ("get", "/compose/{}/"),
        ("get", "/drafts/"),
        ("get", "/compose/{}/discard/"),
        ("post", "/compose/{}/discard/"),
    ],
)
def test_signed_out(client, draft, method, path):
    path = path.format(draft.pk)
    assert getattr(client, method)(path).status_code == HTTPStatus.FOUND
    htmx = getattr(client, method)(path, headers=HTMX)
    assert htmx.status_code == HTTPStatus.UNAUTHORIZED
    assert "HX-Redirect" in htmx.headers
    assert Draft.objects.exists()
