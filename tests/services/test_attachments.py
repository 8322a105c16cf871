import io
import os
import threading
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from mail import errors, selectors, services
from mail.models import Attachment, Blob, Draft, Post
from mail.services import audit
from mail.storage import blobs

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.fixture
def draft(alice, bob) -> Draft:
    return services.drafts.save(owner=alice, to="bob", subject="files")


def on_disk(files) -> list[str]:
    return [path.name for path in files.rglob("*") if path.is_file()]


def read(attachment: Attachment) -> bytes:
    with selectors.attachments.content(attachment) as file:
        return file.read()


def age(model, **by) -> None:
    model.objects.exclude(orphaned=None).update(orphaned=timezone.now() - timedelta(**by))


class TestAttaching:
    def test_keeps_name_type_and_content(self, alice, draft, attach):
        attached = services.attachments.attach(
            draft=draft, file=io.BytesIO(b"a,b"), name="täble.csv", content_type="Text/CSV; x=y"
        )
        found = selectors.attachments.readable(alice, attached.pk)
        assert (found.name, found.content_type, found.blob.size) == ("täble.csv", "text/csv", 3)
        assert read(found) == b"a,b"
        assert [one.pk for one in selectors.attachments.of_draft(alice, draft.pk)] == [found.pk]

    def test_the_same_content_is_stored_once(self, files, draft, bob, attach):
        one, two = attach(draft, name="one"), attach(draft, name="two")
        other = attach(services.drafts.save(owner=bob), name="three")
        assert one.blob_id == two.blob_id == other.blob_id
        assert len(on_disk(files)) == Blob.objects.count() == 1

    def test_what_an_image_is_is_told_by_its_bytes(self, draft, attach):
        said = {"draft": draft, "content_type": "image/png"}
        image = services.attachments.attach(file=io.BytesIO(PNG), name="a.gif", **said)
        none = services.attachments.attach(file=io.BytesIO(b"<svg>"), name="b.png", **said)
        assert (image.blob.image_type, image.content_type) == ("image/png", "image/png")
        assert none.blob.image_type == ""

    def test_what_is_large_waits_on_the_disk(self, draft, attach):
        content = bytes(range(256)) * (2 * blobs.IN_MEMORY // 256)
        assert read(attach(draft, content)) == content

    def test_nothing_is_a_content_too(self, draft, attach):
        assert read(attach(draft, b"")) == b""

    @pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 256, "a\u202efdp.exe", "/"])
    def test_a_name_is_one_line(self, files, draft, attach, name):
        with pytest.raises(errors.AttachmentNameInvalid):
            attach(draft, name=name)
        assert not on_disk(files)

    @pytest.mark.parametrize("name", ["a.exe", "A.EXE", "a.txt.js", "a.exe. ."])
    def test_programs_are_refused(self, draft, attach, name):
        with pytest.raises(errors.AttachmentTypeRefused):
            attach(draft, name=name)

    @pytest.mark.parametrize(
        "name", ["\u0646\u0645\u200c\u0633.txt", "👩\u200d👧.png", "a\u202fb.png", "x" * 255]
    )
    def test_names_of_all_languages_are_kept(self, draft, attach, name):
        assert attach(draft, name=name).name == name

    def test_directories_of_the_sender_are_left_out(self, draft, attach):
        assert attach(draft, name="C:\\secret\\a.txt").name == "a.txt"
        assert attach(draft, name="../../b.txt").name == "b.txt"


class TestLimits:
    @pytest.mark.parametrize("size", [None, 11])
    def test_of_one(self, settings, files, draft, size):
        settings.ATTACHMENT_MAX_SIZE = 10
        with pytest.raises(errors.AttachmentTooLarge) as raised:
            services.attachments.attach(
                draft=draft, file=io.BytesIO(b"x" * 11), name="a", size=size
            )
        assert "10" in str(raised.value)
        assert not on_disk(files)

    def test_of_the_sum(self, settings, files, draft, attach):
        settings.ATTACHMENTS_MAX_SIZE = 10
        attach(draft, b"x" * 6)
        with pytest.raises(errors.AttachmentsTooLarge):
            attach(draft, b"y" * 6)
        assert len(on_disk(files)) == 1

    def test_of_the_number(self, settings, draft, attach):
        settings.ATTACHMENTS_MAX_NUMBER = 1
        attach(draft)
        with pytest.raises(errors.TooManyAttachments):
            attach(draft)

    def test_half_an_upload_leaves_nothing(self, files, draft):
        with pytest.raises(errors.UploadIncomplete):
            services.attachments.attach(draft=draft, file=io.BytesIO(b"half"), name="a", size=8)
        assert not on_disk(files)
        assert not Blob.objects.exists()


class TestTrouble:
    def test_a_full_disk_says_so_and_leaves_nothing(self, files, draft, attach):
        files.parent.mkdir(exist_ok=True)
        files.write_text("no directory")  # nothing can be stored below it
        with pytest.raises(errors.StorageFailed):
            attach(draft)
        assert not Attachment.objects.exists()
        assert not Blob.objects.exists()

    def test_a_broken_connection_leaves_nothing(self, files, draft):
        class Broken:
            def read(self, size: int) -> bytes:
                raise ConnectionResetError

        with pytest.raises(errors.StorageFailed):
            services.attachments.attach(draft=draft, file=Broken(), name="a")
        assert not on_disk(files)

    @pytest.mark.parametrize("content", [None, b"other length"])
    def test_a_file_that_is_gone_or_damaged_is_told(self, alice, files, draft, attach, content):
        attached = attach(draft)
        path = files / attached.blob.file
        path.unlink()
        if content:
            path.write_bytes(content)
        with pytest.raises(errors.FileMissing):
            selectors.attachments.content(attached)

    def test_a_draft_that_was_sent_takes_nothing_more(self, files, draft, attach):
        services.drafts.send(draft=draft)
        with pytest.raises(errors.NotFound):
            attach(draft)
        assert not on_disk(files)

    def test_doing_it_twice_does_it_once(self, draft, attach):
        attached = attach(draft)
        again = Attachment(pk=attached.pk, owner=draft.owner, name="a.txt")
        assert services.attachments._added(draft, again, attached.blob, new=True)
        assert again.blob == attached.blob
        assert Attachment.objects.count() == 1


class TestLife:
    def test_goes_with_the_post(self, alice, bob, charlie, draft, attach):
        attached = attach(draft)
        post = services.drafts.send(draft=draft).post
        assert selectors.attachments.of_post(post.pk) == [attached]
        for reader in (alice, bob):
            assert selectors.attachments.readable(reader, attached.pk) == attached
        with pytest.raises(errors.NotFound):
            selectors.attachments.readable(charlie, attached.pk)
        with pytest.raises(errors.NotFound):
            selectors.attachments.of_own_draft(alice, attached.pk)

    def test_what_is_refused_keeps_it_in_the_draft(self, alice, attach):
        draft = services.drafts.save(owner=alice, to="nobody")
        attach(draft)
        with pytest.raises(errors.UnknownRecipient):
            services.drafts.send(draft=draft)
        assert selectors.attachments.of_draft(alice, draft.pk).count() == 1

    def test_undo_gives_it_back_and_nobody_reads_it_then(self, alice, bob, draft, attach):
        attached = attach(draft)
        submission = services.drafts.send(draft=draft)
        for _ in range(2):
            taken = services.sending.undo(submission=submission, by=alice)
        assert [*selectors.attachments.of_draft(alice, taken.pk)] == [attached]
        with pytest.raises(errors.NotFound):
            selectors.attachments.readable(bob, attached.pk)
        again = services.drafts.send(draft=taken).post
        assert selectors.attachments.of_post(again.pk) == [attached]

    def test_a_recalled_post_shows_it_to_nobody(self, alice, bob, draft, attach):
        attached = attach(draft)
        services.sending.recall(post=services.drafts.send(draft=draft).post, by=alice)
        for reader in (alice, bob):
            with pytest.raises(errors.NotFound):
                selectors.attachments.readable(reader, attached.pk)

    def test_forwarding_takes_it_along_and_answering_does_not(
        self, files, bob, charlie, draft, attach
    ):
        attached = attach(draft)
        post = services.drafts.send(draft=draft).post
        answer = services.drafts.save(owner=bob, kind="reply", in_reply_to=post.pk)
        forward = services.drafts.save(owner=bob, to="charlie", kind="forward", in_reply_to=post.pk)
        services.drafts.save(
            owner=bob, draft_id=forward.pk, to="charlie", kind="forward", in_reply_to=post.pk
        )
        assert not selectors.attachments.of_draft(bob, answer.pk)
        forwarded = services.drafts.send(draft=forward).post
        (copy,) = selectors.attachments.of_post(forwarded.pk)
        assert copy.blob_id == attached.blob_id
        assert selectors.attachments.readable(charlie, copy.pk) == copy
        assert len(on_disk(files)) == 1

    def test_what_one_cannot_read_one_cannot_forward(self, charlie, draft, attach):
        attach(draft)
        post = services.drafts.send(draft=draft).post
        forward = services.drafts.save(owner=charlie, kind="forward", in_reply_to=post.pk)
        assert not selectors.attachments.of_draft(charlie, forward.pk)

    def test_a_discarded_draft_comes_back_with_it(self, alice, bob, draft, attach):
        attached = attach(draft)
        services.drafts.discard(draft=draft)
        with pytest.raises(errors.NotFound):
            selectors.attachments.readable(alice, attached.pk)
        with pytest.raises(errors.NotFound):
            services.drafts.save(owner=bob, draft_id=draft.pk, version=1)
        stolen = services.drafts.save(owner=bob, draft_id=draft.pk)
        assert not selectors.attachments.of_draft(bob, stolen.pk)
        services.drafts.discard(draft=stolen)
        back = services.drafts.save(owner=alice, draft_id=draft.pk, subject="files")
        assert [*selectors.attachments.of_draft(alice, back.pk)] == [attached]

    def test_detaching(self, alice, draft, attach):
        services.attachments.detach(attachment=attach(draft))
        assert not selectors.attachments.of_draft(alice, draft.pk)
        sent = attach(draft)
        services.drafts.send(draft=draft)
        sent.refresh_from_db()
        services.attachments.detach(attachment=sent)
        assert Attachment.objects.exists()


class TestReaping:
    def test_in_passes_after_a_day(self, files, draft, attach):
        services.attachments.detach(attachment=attach(draft))
        for expected in (0, 0):
            assert services.upkeep.reap_files() == expected
            assert len(on_disk(files)) == 1
        age(Blob, days=2)
        assert services.upkeep.reap_files() == 1
        assert not on_disk(files)

    def test_what_is_used_again_stays(self, files, draft, attach):
        services.attachments.detach(attachment=attach(draft))
        services.upkeep.reap_files()
        attach(draft)
        age(Blob, days=2)
        assert services.upkeep.reap_files() == 0
        assert Blob.objects.get().orphaned is None
        assert len(on_disk(files)) == 1

    def test_what_was_used_meanwhile_has_its_day_again(self, draft, attach):
        attach(draft)
        Blob.objects.update(orphaned=timezone.now() - timedelta(days=9))
        assert services.upkeep.reap_files() == 0
        assert Blob.objects.get().orphaned is None

    def test_of_a_draft_that_was_discarded(self, alice, files, draft, attach):
        attach(draft)
        services.drafts.discard(draft=draft)
        services.upkeep.reap_files()
        services.drafts.save(owner=alice, draft_id=draft.pk)
        services.upkeep.reap_files()
        assert Attachment.objects.get().orphaned is None
        services.drafts.discard(draft=draft)
        services.upkeep.reap_files()
        age(Attachment, days=2)
        services.upkeep.reap_files()
        age(Blob, days=2)
        assert services.upkeep.reap_files() == 1
        assert not on_disk(files)

    def test_with_the_last_post_that_has_it(self, alice, files, draft, attach):
        attach(draft)
        post = services.drafts.send(draft=draft).post
        services.sending.recall(post=post, by=alice)
        Post.objects.filter(pk=post.pk).update(created=timezone.now() - timedelta(days=20))
        services.upkeep.reap_posts()
        assert services.upkeep.reap_files() == 0
        age(Post, days=20)
        services.upkeep.reap_posts()
        services.upkeep.reap_files()
        age(Blob, days=2)
        assert services.upkeep.reap_files() == 1
        assert not on_disk(files)

    def test_files_of_a_crash_go_after_a_day(self, files, draft, attach, monkeypatch):
        attach(draft)
        received = blobs.receive(
            io.BytesIO(b"lost"), name="x", limit=9, too_large=errors.StorageFailed()
        )
        with received.file:
            blobs.write(received, name="x")
        services.upkeep.reap_files()
        assert len(on_disk(files)) == 2
        late = timezone.now() + timedelta(days=2)
        assert len([*blobs.strays(before=late)]) == 1
        for path in blobs.strays(before=late):
            blobs.remove(path)
        assert on_disk(files) == [default_storage.path(Blob.objects.get().file)[-77:]]


class TestChecking:
    def wrong(self, **how) -> dict[str, tuple[int, int]]:
        found = audit.audit(**how)
        return {each.subject: (each.wrong, each.repaired) for each in found if each.wrong}

    @pytest.mark.parametrize("content", [None, b"other length"])
    def test_tells_of_files_that_are_gone_or_cut_short(self, files, draft, attach, content):
        path = files / attach(draft).blob.file
        assert self.wrong(deep=True) == {}
        path.unlink()
        if content:
            path.write_bytes(content)
        subject = "attachments whose file is gone or cut short"
        assert self.wrong(repair=True) == {subject: (1, 0)}

    def test_tells_of_files_that_were_altered_where_it_reads_them(self, files, draft, attach):
        path = files / attach(draft, b"abc").blob.file
        path.chmod(0o600)
        path.write_bytes(b"abd")
        assert self.wrong() == {}
        assert self.wrong(deep=True) == {"attachments whose file was altered": (1, 0)}

    def test_removes_files_without_a_row_when_they_are_old(self, files, draft, attach):
        attach(draft)
        stray = files / "ab" / "abc"
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_bytes(b"x")
        assert self.wrong() == {}  # it may be on its way
        os.utime(stray, (0, 0))
        assert self.wrong() == {"files that no attachment knows": (1, 0)}
        assert self.wrong(repair=True) == {"files that no attachment knows": (1, 1)}
        assert self.wrong() == {}
        assert len(on_disk(files)) == 1


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def _together(self, *calls) -> list[object]:
        barrier, came = threading.Barrier(len(calls)), []

        def run(call) -> None:
            barrier.wait()
            try:
                came.append(call())
            except Exception as error:  # noqa: BLE001 - told to the test
                came.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=run, args=[call]) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return came

    def test_the_same_content_by_many_is_stored_once(self, files, alice, bob, attach):
        drafts = [services.drafts.save(owner=user) for user in (alice, bob) * 4]
        came = self._together(*(lambda draft=draft: attach(draft, b"same") for draft in drafts))
        assert all(isinstance(one, Attachment) for one in came), came
        assert len(on_disk(files)) == Blob.objects.count() == 1
        assert Attachment.objects.count() == 8

    def test_an_upload_beside_the_reaper_has_its_file(self, files, alice, attach):
        draft = services.drafts.save(owner=alice)
        for _ in range(10):
            services.attachments.detach(attachment=attach(draft, b"again"))
            services.upkeep.reap_files()
            age(Blob, days=2)
            came = self._together(lambda: attach(draft, b"again"), services.upkeep.reap_files)
            attached = next(one for one in came if isinstance(one, Attachment))
            blob = Blob.objects.get()
            assert attached.blob_id == blob.pk
            assert read(Attachment.objects.get()) == b"again"
            services.attachments.detach(attachment=attached)

    def test_the_number_holds(self, settings, alice, attach):
        settings.ATTACHMENTS_MAX_NUMBER = 3
        draft = services.drafts.save(owner=alice)
        self._together(*(lambda n=n: attach(draft, b"%d" % n) for n in range(6)))
        assert selectors.attachments.of_draft(alice, draft.pk).count() == 3

    def test_an_upload_beside_the_sending_is_in_time_or_refused(self, alice, bob, attach):
        for n in range(8):
            draft = services.drafts.save(owner=alice, to="bob", subject=f"{n}")
            came = self._together(
                lambda draft=draft: attach(draft, b"x"),
                lambda draft=draft: services.drafts.send(draft=draft),
            )
            refused = any(isinstance(one, errors.NotFound) for one in came)
            post = Post.objects.get(subject=f"{n}")
            assert len(selectors.attachments.of_post(post.pk)) == (0 if refused else 1), came
            assert not Attachment.objects.filter(draft=draft.pk).exists()
