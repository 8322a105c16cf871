import io
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mail import selectors, services
from mail.models import Blob, Post

HTMX = {"HX-Request": "true"}
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.fixture
def draft(alice, bob):
    return services.drafts.save(owner=alice, to="bob", subject="files")


@pytest.fixture
def sent(draft):
    """A file that alice sent to bob."""
    content = bytes(range(256)) * 1000
    attached = services.attachments.attach(
        draft=draft, file=io.BytesIO(content), name="röd.bin", content_type="text/html"
    )
    services.drafts.send(draft=draft)
    return attached


def body(answer) -> bytes:
    return b"".join(answer.streaming_content)


class TestDownload:
    def test_works_for_who_may_read_the_post(self, signed_in, alice, bob, sent):
        for reader in (alice, bob):
            answer = signed_in(reader).get(f"/attachments/{sent.pk}/")
            assert body(answer) == bytes(range(256)) * 1000
        assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''r%C3%B6d.bin"
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Content-Length"] == "256000"

    def test_is_not_compressed(self, signed_in, bob, sent):
        answer = signed_in(bob).get(f"/attachments/{sent.pk}/", headers={"Accept-Encoding": "gzip"})
        assert "Content-Encoding" not in answer.headers
        assert len(body(answer)) == 256_000

    def test_costs_few_reads(self, signed_in, bob, sent, django_assert_num_queries):
        client = signed_in(bob)
        with django_assert_num_queries(4):  # session, person, attachment, may they read it
            body(client.get(f"/attachments/{sent.pk}/"))

    @pytest.mark.parametrize("path", ["", "?inline"])
    def test_a_stranger_gets_404(self, signed_in, charlie, sent, path):
        answer = signed_in(charlie).get(f"/attachments/{sent.pk}/{path}")
        assert answer.status_code == HTTPStatus.NOT_FOUND

    def test_a_drafts_file_is_its_owners(self, signed_in, alice, bob, draft, attach):
        path = f"/attachments/{attach(draft).pk}/"
        assert body(signed_in(alice).get(path)) == b"content"
        assert signed_in(bob).get(path).status_code == HTTPStatus.NOT_FOUND

    def test_a_recalled_posts_file_is_nobodys(self, signed_in, alice, bob, sent):
        services.sending.recall(post=Post.objects.get(), by=alice)
        for reader in (alice, bob):
            answer = signed_in(reader).get(f"/attachments/{sent.pk}/")
            assert answer.status_code == HTTPStatus.NOT_FOUND

    def test_signed_out(self, client, sent):
        assert client.get(f"/attachments/{sent.pk}/").status_code == HTTPStatus.FOUND

    def test_wrong_method(self, signed_in, bob, sent):
        answer = signed_in(bob).post(f"/attachments/{sent.pk}/")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED

    def test_a_missing_file_says_so(self, signed_in, bob, files, sent):
        (files / sent.blob.file).unlink()
        answer = signed_in(bob).get(f"/attachments/{sent.pk}/")
        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert "its content is missing here" in answer.text

    def test_only_an_image_is_shown_inline(self, signed_in, alice, draft):
        for content, said, shown in ((PNG, "text/html", "image/png"), (b"<svg>", "image/png", "")):
            attached = services.attachments.attach(
                draft=draft, file=io.BytesIO(content), name="a", content_type=said
            )
            answer = signed_in(alice).get(f"/attachments/{attached.pk}/?inline")
            assert body(answer) == content
            disposition = answer.headers["Content-Disposition"]
            assert disposition.startswith("inline" if shown else "attachment")
            assert answer.headers["Content-Type"] == (shown or "image/png")


class TestRanges:
    @pytest.mark.parametrize(
        ("asked", "start", "end"),
        [
            ("bytes=0-0", 0, 0),
            ("bytes=10-19", 10, 19),
            ("bytes=255990-", 255_990, 255_999),
            ("bytes=-5", 255_995, 255_999),
            ("bytes=255999-999999999", 255_999, 255_999),
            # The whole, as media players ask for it to learn whether there are ranges.
            ("bytes=0-", 0, 255_999),
            ("bytes=0-255999", 0, 255_999),
            ("bytes=0-999999999", 0, 255_999),
            ("bytes=-999999999", 0, 255_999),
        ],
    )
    def test_one(self, signed_in, bob, sent, asked, start, end):
        answer = signed_in(bob).get(f"/attachments/{sent.pk}/", headers={"Range": asked})
        assert answer.status_code == HTTPStatus.PARTIAL_CONTENT
        assert answer.headers["Content-Range"] == f"bytes {start}-{end}/256000"
        assert body(answer) == (bytes(range(256)) * 1000)[start : end + 1]

    @pytest.mark.parametrize("asked", ["bytes=256000-", "bytes=-0", "bytes=999999-9999999"])
    def test_what_is_not_there(self, signed_in, bob, sent, asked):
        answer = signed_in(bob).get(f"/attachments/{sent.pk}/", headers={"Range": asked})
        assert answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
        assert answer.headers["Content-Range"] == "bytes */256000"

    @pytest.mark.parametrize("asked", ["bytes=-", "bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "x"])
    def test_what_is_none_is_answered_with_the_whole(self, signed_in, bob, sent, asked):
        answer = signed_in(bob).get(f"/attachments/{sent.pk}/", headers={"Range": asked})
        assert answer.status_code == HTTPStatus.OK
        assert len(body(answer)) == 256_000

    def test_of_what_one_has_the_beginning_of(self, signed_in, bob, sent):
        client, path = signed_in(bob), f"/attachments/{sent.pk}/"
        etag = client.head(path).headers["ETag"]
        for given, status in ((etag, HTTPStatus.PARTIAL_CONTENT), ('"other"', HTTPStatus.OK)):
            answer = client.get(path, headers={"Range": "bytes=5-", "If-Range": given})
            assert answer.status_code == status
            body(answer)

    def test_head_tells_all_but_the_content(self, signed_in, bob, sent):
        answer = signed_in(bob).head(f"/attachments/{sent.pk}/", headers={"Range": "bytes=1-2"})
        assert answer.status_code == HTTPStatus.OK
        assert answer.headers["Content-Length"] == "256000"
        assert not answer.getvalue()

    def test_known_already(self, signed_in, bob, sent):
        client, path = signed_in(bob), f"/attachments/{sent.pk}/"
        etag = client.head(path).headers["ETag"]
        answer = client.get(path, headers={"If-None-Match": etag})
        assert answer.status_code == HTTPStatus.NOT_MODIFIED


class TestAttaching:
    def put(self, client, draft, content: bytes = b"abc", query: str = "name=a.txt", **more: Any):
        return client.post(
            f"/compose/{draft.pk}/attach/?{query}",
            content,
            content_type="application/octet-stream",
            headers=HTMX,
            **more,
        )

    def test_works(self, signed_in, alice, draft):
        answer = self.put(signed_in(alice), draft, query="name=a%26b.txt&type=text/plain")
        attached = selectors.attachments.of_draft(alice, draft.pk).get()
        assert (attached.name, attached.content_type) == ("a&b.txt", "text/plain")
        assert "a&amp;b.txt" in answer.text
        assert f"/attachments/{attached.pk}/detach/" in answer.text

    def test_what_is_refused_says_why(self, signed_in, alice, draft):
        answer = self.put(signed_in(alice), draft, query="name=a.exe")
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert "is not taken" in answer.text

    def test_too_much_is_refused_unread(self, signed_in, alice, draft, settings):
        settings.ATTACHMENTS_MAX_SIZE = settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10
        answer = self.put(signed_in(alice), draft, b"x" * 21)
        assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        assert not Blob.objects.exists()

    def test_half_of_it_is_refused(self, signed_in, alice, draft):
        half: dict[str, Any] = {"CONTENT_LENGTH": "9", "wsgi.input": io.BytesIO(b"abc")}
        answer = self.put(signed_in(alice), draft, **half)
        assert answer.status_code == HTTPStatus.BAD_REQUEST
        assert "Only 3 of 9 bytes" in answer.text

    def test_costs_few_statements(self, signed_in, alice, draft, django_assert_max_num_queries):
        client = signed_in(alice)
        with django_assert_max_num_queries(15):
            self.put(client, draft)

    def test_a_stranger_gets_404(self, signed_in, charlie, draft):
        assert self.put(signed_in(charlie), draft).status_code == HTTPStatus.NOT_FOUND

    def test_signed_out(self, client, draft):
        assert self.put(client, draft).status_code == HTTPStatus.UNAUTHORIZED

    def test_wrong_method(self, signed_in, alice, draft):
        answer = signed_in(alice).get(f"/compose/{draft.pk}/attach/")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


class TestDetaching:
    def test_works(self, signed_in, alice, draft, attach):
        client = signed_in(alice)
        for headers in ({}, HTMX):
            answer = client.post(f"/attachments/{attach(draft).pk}/detach/", headers=headers)
            assert answer.status_code == (HTTPStatus.OK if headers else HTTPStatus.FOUND)
            assert not selectors.attachments.of_draft(alice, draft.pk)

    def test_nothing_is_taken_from_a_post(self, signed_in, alice, sent):
        answer = signed_in(alice).post(f"/attachments/{sent.pk}/detach/")
        assert answer.status_code == HTTPStatus.NOT_FOUND

    def test_a_stranger_gets_404(self, signed_in, charlie, draft, attach):
        answer = signed_in(charlie).post(f"/attachments/{attach(draft).pk}/detach/")
        assert answer.status_code == HTTPStatus.NOT_FOUND

    def test_signed_out(self, client, draft, attach):
        answer = client.post(f"/attachments/{attach(draft).pk}/detach/")
        assert answer.status_code == HTTPStatus.FOUND

    def test_wrong_method(self, signed_in, alice, draft, attach):
        answer = signed_in(alice).get(f"/attachments/{attach(draft).pk}/detach/")
        assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


class TestWithoutScripts:
    def file(self, name: str = "a.txt", content: bytes = b"abc") -> SimpleUploadedFile:
        return SimpleUploadedFile(name, content, "text/plain")

    def test_saving_attaches_and_takes_out(self, signed_in, alice):
        client = signed_in(alice)
        files = [self.file(), self.file("b.txt")]
        page = client.post("/compose/save/", {"subject": "x", "files": files}, follow=True)
        draft = selectors.drafts.own(alice).get()
        assert [one.name for one in selectors.attachments.of_draft(alice, draft.pk)] == [
            "a.txt",
            "b.txt",
        ]
        first = selectors.attachments.of_draft(alice, draft.pk)[0]
        assert f'name="detach" value="{first.pk}"' in page.text
        client.post(
            "/compose/save/",
            {"draft": draft.pk, "version": 1, "subject": "y", "detach": first.pk},
        )
        assert [one.name for one in selectors.attachments.of_draft(alice, draft.pk)] == ["b.txt"]

    def test_sending_attaches_and_sends(self, signed_in, alice, bob):
        signed_in(alice).post("/compose/", {"to": "bob", "files": [self.file()]})
        (attached,) = selectors.attachments.of_post(Post.objects.get().pk)
        assert (attached.name, attached.content_type) == ("a.txt", "text/plain")

    def test_what_is_refused_stays_with_the_draft(self, signed_in, alice, bob):
        page = signed_in(alice).post(
            "/compose/", {"to": "bob", "files": [self.file(), self.file("a.exe")]}
        )
        assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
        assert "is not taken" in page.text
        assert ">a.txt</a>" in page.text
        assert not Post.objects.exists()

    def test_the_limits_are_said_before(self, signed_in, alice):
        page = signed_in(alice).get("/compose/")
        assert "Up to 20 files of 100.0\xa0MB, together 200.0\xa0MB; no programs." in page.text

    def test_what_is_forwarded_shows_its_files(self, signed_in, bob, sent):
        page = signed_in(bob).get("/inbox/1/forward/")
        assert "röd.bin" in page.text
        assert "data-forwarded" in page.text


class TestForks:
    """A draft that was changed, or discarded, elsewhere becomes one of its own with its files."""

    @pytest.mark.parametrize("how", [{"fork": "{}"}, {"draft": "{}", "forked": "{old}"}])
    def test_keeping_it_as_a_new_draft_keeps_both(self, signed_in, alice, draft, attach, how):
        attach(draft)
        new = uuid4()
        form = {key: value.format(new, old=draft.pk) for key, value in how.items()}
        form = {"draft": draft.pk, "version": "" if "draft" in how else 7, "body": "mine"} | form
        for _ in range(2):
            signed_in(alice).post("/compose/save/", form)
        for each in (draft.pk, new):
            found = selectors.attachments.of_draft(alice, each)
            assert [one.name for one in found] == ["a.txt"]

    def test_of_another_person_nothing_is_copied(self, signed_in, bob, draft, attach):
        attach(draft)
        new = uuid4()
        signed_in(bob).post("/compose/save/", {"draft": new, "forked": draft.pk, "body": "x"})
        assert not selectors.attachments.of_draft(bob, new)

    def test_what_was_discarded_elsewhere_is_sent_with_its_files(
        self, signed_in, alice, bob, draft, attach
    ):
        attach(draft)
        services.drafts.discard(draft=draft)
        form = {"draft": draft.pk, "version": 1, "to": "bob", "subject": "files"}
        for _ in range(2):
            signed_in(alice).post("/compose/", form)
        (post,) = Post.objects.all()
        assert len(selectors.attachments.of_post(post.pk)) == 1


class TestReading:
    def test_a_post_lists_its_files(self, signed_in, bob, sent):
        page = signed_in(bob).get("/inbox/1/")
        assert f'href="/attachments/{sent.pk}/" download' in page.text
        assert "250.0\xa0KB" in page.text
        assert 'class="thumbnail"' not in page.text

    def test_an_image_is_shown(self, signed_in, alice, bob, draft):
        image = services.attachments.attach(draft=draft, file=io.BytesIO(PNG), name="a.png")
        services.drafts.send(draft=draft)
        page = signed_in(bob).get("/inbox/1/")
        assert f'<img src="/attachments/{image.pk}/?inline"' in page.text

    def test_lists_tell_of_them(self, signed_in, alice, bob, sent):
        services.sending.send(sender=alice, to=["bob"], subject="without")
        page = signed_in(bob).get("/")
        assert page.text.count("With attachments") == 1
