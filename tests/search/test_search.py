"""What a search finds, for whom, and at what cost."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from mail import errors, selectors, services
from mail.models import Flag, Post, PostWords, User, first_post_id
from mail.search import index, tokenizer
from mail.search.query import parse
from mail.selectors.selection import some
from mail.services import audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def found():
    """The subjects that a person's search gives, newest first, over all its pages."""

    def found(user: User, typed: str, *, limit: int = selectors.mailbox.PAGE) -> list[str]:
        query, before, subjects = parse(typed), None, []
        while True:
            hits = selectors.search.search(user, query, before=before, limit=limit)
            subjects += [line.subject for line in hits.lines]
            assert len(hits.lines) <= limit
            before = hits.next_before
            if before is None:
                return subjects

    return found


@pytest.fixture
def write(alice, bob):
    def write(subject: str, body: str = "", *to: str, sender: User = alice) -> Post:
        return services.sending.send(
            sender=sender, to=to or ["bob"], subject=subject, body=body
        ).post

    return write


@pytest.mark.parametrize(
    ("subject", "body", "typed"),
    [
        ("Budget", "the **numbers** for March", "numbers"),
        ("Budget", "the **numbers** for March", "BUDGET march"),
        ("Rechnungen", "für die Größe", "rechnung grosse"),
        ("Réunion", "à l'hôtel, déjà vu", "reunion hotel"),
        ("Mañana", "¿Dónde está el niño?", "manana nino"),
        ("会议", "我们明天在会议室见面", "会议室"),
        ("会议", "我们明天在会议室见面", "见"),
        ("اجتماع", "المُدَرِّسة الجديدة", "المدرسه"),
        ("اجتماع", "المُدَرِّسة الجديدة", "مدرسة"),
        ("اجتماع", "مدرسة جديدة", "المدرسة"),
        ("اجتماع", "بالمدرسة", "والمدرسة"),
        ("اجتماع", "للمدرسة", "المدر"),
        ("السلام عليكم", "", "subject:سلام"),
        ("السلام عليكم", "", '"السلام عليكم"'),
        ("Address", "mary.smith@example.org wrote", "mary.smith@example.org"),
        ("Snake", "in `snake_case`", "case"),
        ("Phrase", "one two three", '"two three"'),
        ("Phrase", "one two three", '-"three two" one'),
        ("Long", "a" * 5000, "a" * 70),
    ],
)
def test_finds_words_of_any_language(bob, write, found, subject, body, typed):
    write("Other", "nothing of the kind")
    write(subject, body)
    assert found(bob, typed) == [subject]


@pytest.mark.parametrize(
    "typed",
    ["umber", '"number"', '"three one"', "会室", "from:bob", "to:alice", "subject:numbers", "xyz"],
)
def test_does_not_find_what_is_not_there(bob, write, found, typed):
    write("Budget", "the numbers, one two three. 会议室")
    assert found(bob, typed) == []


def test_a_phrase_is_meant_with_its_articles(bob, write, found):
    for subject in ("سلام", "السلام", "والسلام"):
        write(subject)
    assert found(bob, "سلام") == found(bob, "السلام") == ["والسلام", "السلام", "سلام"]
    assert found(bob, '"سلام"') == ["سلام"]
    assert found(bob, '"السلام"') == ["السلام"]
    assert found(bob, "-سلام") == []


def test_operators(alice, bob, charlie, write, found):
    write("one", "body alpha", "bob", "alice")
    write("two", "body beta", sender=charlie)
    write("three", "body gamma")
    write("reply", "body delta", "charlie", sender=bob)
    box = selectors.boxes.own_box(bob)
    services.mailbox.store_flags(selection=some(box, [1]), add=[Flag.SEEN])
    services.mailbox.store_flags(selection=some(box, [2]), add=[Flag.FLAGGED])
    services.folders.create(owner=bob, name="My Things")
    services.mailbox.move(selection=some(box, [3]), to=selectors.boxes.own_box(bob, "My Things"))

    assert found(bob, "body") == ["reply", "three", "two", "one"]
    assert found(bob, "from:alice") == ["three", "one"]
    assert found(bob, "from:alice is:read") == ["one"]
    assert found(bob, "to:charlie") == ["reply"]
    assert found(bob, "to:alice body") == ["one"]
    assert found(bob, "subject:two") == ["two"]
    assert found(bob, "-from:alice in:inbox") == ["two"]
    assert found(bob, "in:sent") == ["reply"]
    assert found(bob, 'in:"my things"') == ["three"]
    assert found(bob, "in:inbox in:sent body") == ["reply", "two", "one"]
    assert found(bob, "-in:inbox") == ["reply", "three"]
    assert found(bob, "is:unread") == ["three", "two"]
    assert found(bob, "-is:unread in:inbox") == ["one"]
    assert found(bob, "is:flagged") == ["two"]
    assert found(bob, "-is:flagged in:inbox") == ["one"]
    assert found(bob, "has:attachment") == []
    assert found(bob, "-has:attachment in:inbox") == ["two", "one"]
    today = timezone.localdate()
    tomorrow = today + timedelta(days=1)
    assert found(bob, f"in:inbox after:{today} before:{tomorrow}") == ["two", "one"]
    assert found(bob, f"in:inbox before:{today}") == []
    assert found(bob, f"in:inbox -before:{today}") == ["two", "one"]
    assert found(bob, f"in:inbox after:{tomorrow}") == []


def test_an_unknown_folder_is_named(bob):
    with pytest.raises(errors.SearchInvalid, match="in:attic"):
        selectors.search.search(bob, parse("x in:attic"))


def test_the_trash_is_left_out_unless_asked_for(bob, write, found):
    write("one", "needle")
    services.mailbox.trash(selection=some(selectors.boxes.own_box(bob), [1]), owner=bob)
    assert found(bob, "needle") == []
    assert found(bob, "needle in:trash") == ["one"]


def test_strangers_and_recalls(alice, bob, charlie, write, found):
    post = write("secret", "needle")
    assert found(charlie, "needle") == []
    assert found(alice, "needle") == found(bob, "needle") == ["secret"]
    services.sending.recall(post=post, by=alice)
    assert found(alice, "needle") == found(bob, "needle") == []


def test_what_was_blind_copied_is_not_told(alice, bob, charlie, found):
    services.sending.send(sender=alice, to=["bob"], bcc=["charlie"], subject="s")
    assert found(bob, "to:charlie") == []


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
@pytest.mark.parametrize("typed", ["needle", "in:inbox", "needle in:sent", "needle is:read"])
def test_pages_miss_nothing_and_repeat_nothing(bob, write, found, limit, typed):
    for n in range(7):
        write(f"{n}", "needle", sender=bob)  # in the inbox and in sent
    expected = [str(n) for n in range(6, -1, -1)]
    if typed == "needle":
        expected = [str(n) for n in range(6, -1, -1) for _ in range(2)]
    if typed == "needle is:read":
        expected = found(bob, "is:read needle")
        assert len(expected) == 7
    assert found(bob, typed, limit=limit) == expected


@pytest.fixture
def many(fill):
    """Fill a box with posts that all have a word."""

    def many(box, count: int, text: str) -> None:
        before = set(PostWords.objects.values_list("pk", flat=True))
        fill(box, count)
        vector = tokenizer.vector(subject="", sender="", recipients=[], body=text)
        ids = Post.objects.exclude(pk__in=before).values_list("pk", flat=True)
        index.add(dict.fromkeys(ids, vector))

    return many


def test_costs_the_same_for_few_and_many(bob, write, many):
    def cost(typed: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            selectors.search.search(bob, parse(typed))
        return len(queries)

    write("first", "common rare")
    few = [cost("common"), cost("rare")]
    many(selectors.boxes.own_box(bob), 10_000, "common")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    assert cost("common") == few[0]
    assert cost("rare") <= few[1] + 3  # the guess, the index, and which of its posts are there


def test_a_rare_word_is_found_however_old_it_is(bob, write, many, found):
    write("old", "needle")
    many(selectors.boxes.own_box(bob), selectors.search.WALKED[0] * 2, "common")
    assert found(bob, "needle") == ["old"]


def test_what_is_common_elsewhere_is_found_page_by_page(bob, charlie, write, many, found):
    write("old", "common")
    many(selectors.boxes.own_box(bob), sum(selectors.search.WALKED), "other")
    many(selectors.boxes.own_box(charlie), selectors.search.RARE + 1, "common")
    first = selectors.search.search(bob, parse("common"))
    assert first.lines == []
    assert first.next_before is not None
    assert found(bob, "common") == ["old"]


def test_a_hit_shows_the_words_around_it(bob, write):
    write("s", "begin\n\n" + "filler " * 100 + "<b>needle</b> & end")
    (line,) = selectors.search.search(bob, parse("needle")).lines
    assert "<b>needle</b> & end" in line.snippet
    assert line.snippet.startswith("… filler")


class TestIndexing:
    def test_old_posts_are_found_after_the_command(self, bob, write, found, capsys):
        write("old", "needle")
        PostWords.objects.all().delete()
        assert found(bob, "needle") == []
        subject = "posts that a search does not find"
        assert {each.subject: each.wrong for each in audit.audit()}[subject] == 1
        call_command("index_posts")
        assert "1 posts indexed" in capsys.readouterr().out
        assert found(bob, "needle") == ["old"]
        assert {each.subject: each.wrong for each in audit.audit()}[subject] == 0

    def test_an_older_version_is_made_anew(self, write):
        write("one")
        PostWords.objects.update(version=0)
        assert services.upkeep.index_posts() == 1
        assert PostWords.objects.get().version == tokenizer.VERSION

    @pytest.mark.parametrize(
        "body",
        [
            "x" * 200_000,
            "会" * 80_000,
            "é\n" * 60_000,
            " ".join(f"w{n}" for n in range(35_000)),
            "".join(chr(0x4E00 + n * n % 20_000) for n in range(80_000)),
        ],
        ids=["long", "repeated", "lines", "varied", "pairs"],
    )
    def test_long_bodies_are_stored(self, alice, bob, body, found):
        services.sending.send(sender=alice, to=["bob"], subject="whole", body=body)
        assert found(bob, "in:inbox whole") == ["whole"]


class TestAttachments:
    @pytest.fixture
    def with_file(self, alice, bob, attach):
        def with_file(subject: str, body: str = "") -> None:
            draft = services.drafts.save(owner=alice, to="bob", subject=subject, body=body)
            attach(draft)
            services.drafts.send(draft=draft)

        return with_file

    def test_are_looked_for_alone_and_beside_words(self, bob, write, with_file, found):
        write("plain", "budget")
        with_file("one", "budget")
        with_file("two")
        assert found(bob, "has:attachment") == ["two", "one"]
        assert found(bob, "has:attachment", limit=1) == ["two", "one"]
        assert found(bob, "has:attachment budget") == ["one"]
        assert found(bob, "-has:attachment") == ["plain"]
        assert found(bob, "-has:attachment budget") == ["plain"]
        assert found(bob, "has:attachment -has:attachment") == []

    def test_are_found_however_old_they_are(self, bob, with_file, write, many, found):
        with_file("old", "needle")
        many(selectors.boxes.own_box(bob), sum(selectors.search.WALKED), "common")
        assert found(bob, "has:attachment needle") == ["old"]
        assert found(bob, "-has:attachment needle") == []
        first = selectors.search.search(bob, parse("has:attachment"))
        assert first.lines == []
        assert found(bob, "has:attachment") == ["old"]

    def test_cost_the_same_for_few_and_many(self, bob, with_file, many):
        def cost() -> int:
            with CaptureQueriesContext(connection) as queries:
                selectors.search.search(bob, parse("has:attachment"))
            return len(queries)

        with_file("one")
        few = cost()
        many(selectors.boxes.own_box(bob), 20_000, "common")
        assert cost() <= few + 2 * len(selectors.search.WALKED)


def test_days_are_those_of_the_sending_not_of_the_pull(alice, bob, crew, found):
    post = services.sending.compose(
        sender=alice, subject="from then", body="", content_type="text/plain"
    )
    then = timezone.now() - timedelta(days=9)
    post.pk = post.thread = UUID(int=first_post_id(then).int + post.pk.int % 2**80)
    post.save(force_insert=True)
    services.sending.deliver(post=post, box=crew, by=alice)
    services.mailbox.sync(box=selectors.boxes.own_box(bob))
    for days, is_found in ((8, True), (10, False)):
        day = (timezone.localtime() - timedelta(days=days)).date()
        assert found(bob, f"before:{day}") == (["from then"] if is_found else [])
        assert found(bob, f"after:{day}") == ([] if is_found else ["from then"])
