import pytest

from mail import errors, selectors, services
from mail.models import Box, DeliveredPost, Post, Submission, User


def test_reaches_a_person_and_the_senders_sent_box(alice, bob, subjects):
    submission = services.sending.send(sender=alice, to=["bob"], subject="hello", body="**hi**")

    assert submission.state == Submission.State.DELIVERED
    assert subjects(bob) == ["hello"]
    assert subjects(alice) == []
    assert subjects(alice, "sent") == ["hello"]
    assert "<strong>hi</strong>" in submission.post.body_html
    assert submission.post.snippet == "hi"


def test_is_unread_for_the_recipient_and_read_in_sent(alice, bob):
    services.sending.send(sender=alice, to=["bob"], subject="hello")

    assert [line.is_read for line in selectors.mailbox.page(selectors.boxes.own_box(bob)).rows] == [
        False
    ]
    assert [
        line.is_read for line in selectors.mailbox.page(selectors.boxes.own_box(alice, "sent")).rows
    ] == [True]


def test_names_are_compared_without_case_and_shown_as_they_are(alice, bob):
    post = services.sending.send(sender=alice, to=["BOB", "Bob"], cc=["bob"]).post

    assert (post.to, post.cc) == (["bob"], ["bob"])
    assert DeliveredPost.objects.filter(post=post, box__name="bob").count() == 1


def test_one_copy_for_a_person_named_twice_through_two_groups_and_as_sender(
    alice, bob, crew, staff, subjects
):
    other = services.groups.create(name="other", by=alice)
    services.memberships.join(box=other, user=bob, by=bob)
    services.memberships.join(box=other, user=alice, by=alice)

    services.sending.send(sender=alice, to=["crew", "other", "bob", "alice", "bob"], subject="once")

    assert subjects(bob) == ["once"]
    assert subjects(alice) == ["once"]


def test_bcc_is_nowhere_on_the_post(alice, bob, charlie, subjects):
    post = services.sending.send(sender=alice, to=["bob"], bcc=["charlie"], subject="psst").post

    assert subjects(charlie) == ["psst"]
    stored = {**Post.objects.filter(pk=post.pk).values()[0]}
    assert "charlie" not in str(stored)


def test_what_one_writes_to_ones_own_group_arrives_read(alice, bob, crew):
    services.sending.send(sender=alice, to=["crew"], subject="mine")

    for user, read in ((alice, True), (bob, False)):
        services.mailbox.sync(box=selectors.boxes.own_box(user))
        assert [
            line.is_read for line in selectors.mailbox.page(selectors.boxes.own_box(user)).rows
        ] == [read]


def test_only_with_the_permission_to_everyone(alice, staff, bob, subjects):
    with pytest.raises(errors.BroadcastNotAllowed):
        services.sending.send(sender=alice, to=["bob", "everyone"])
    assert not Post.objects.exists()

    services.sending.send(sender=staff, to=["everyone"], subject="all")
    assert subjects(bob) == ["all"]


@pytest.mark.parametrize(
    ("policy", "allowed"),
    [
        (Box.PostPolicy.ANYONE, {"alice", "bob", "charlie"}),
        (Box.PostPolicy.MEMBERS, {"alice", "bob"}),
        (Box.PostPolicy.MANAGERS, {"alice"}),
    ],
)
def test_a_groups_policy(alice, bob, charlie, crew, policy, allowed):
    crew.post_policy = policy
    crew.save()

    for user in (alice, bob, charlie):
        if user.username in allowed:
            services.sending.send(sender=user, to=["crew"])
            continue
        with pytest.raises(errors.PostingNotAllowed, match="crew"):
            services.sending.send(sender=user, to=["crew"])


@pytest.mark.parametrize(
    ("bad", "error", "field"),
    [
        ({"to": []}, errors.NoRecipients, "to"),
        ({"to": ["bob", "nobody"]}, errors.UnknownRecipient, "to"),
        ({"to": ["bob"], "cc": ["nobody"]}, errors.UnknownRecipient, "cc"),
        ({"to": ["alice:sent"]}, errors.UnknownRecipient, "to"),
        ({"to": ["bob"] * 20_001}, errors.TooManyRecipients, "to"),
        ({"to": ["bob"], "subject": "a\nb"}, errors.SubjectInvalid, "subject"),
        ({"to": ["bob"], "subject": "a\r\nBcc: x"}, errors.SubjectInvalid, "subject"),
        ({"to": ["bob"], "subject": "x" * 256}, errors.SubjectInvalid, "subject"),
        ({"to": ["bob"], "body": "x" * (256 * 1024 + 1)}, errors.BodyTooLarge, "body"),
        ({"to": ["bob"], "body": "ü" * (128 * 1024 + 1)}, errors.BodyTooLarge, "body"),
        ({"to": ["bob"], "body": "a\0b"}, errors.BodyInvalid, "body"),
        ({"to": ["bob"], "body": "\ud800"}, errors.BodyInvalid, "body"),
        ({"to": ["bob"], "content_type": "text/html"}, errors.ContentTypeInvalid, "content_type"),
    ],
)
def test_bad_input_names_the_field_and_stores_nothing(alice, bob, bad, error, field):
    with pytest.raises(error) as raised:
        services.sending.send(sender=alice, **bad)

    assert raised.value.field == field
    assert str(raised.value)
    assert not Post.objects.exists()
    assert not Submission.objects.exists()


def test_the_largest_body_is_taken_whole(alice, bob):
    body = "ü" * (128 * 1024)
    assert services.sending.send(sender=alice, to=["bob"], body=body).post.body == body


def test_the_old_name_of_markdown_means_the_same(alice, bob):
    post = services.sending.send(sender=alice, to=["bob"], content_type="text/x-markdown").post
    assert post.content_type == "text/markdown"


def test_a_repeated_key_of_the_same_sender_sends_once(alice, bob, charlie, subjects):
    first = services.sending.send(sender=alice, to=["bob"], subject="one", idempotency_key="k")
    again = services.sending.send(sender=alice, to=["bob"], subject="one", idempotency_key="k")
    services.sending.send(sender=charlie, to=["bob"], subject="another's", idempotency_key="k")

    assert again.post_id == first.post_id
    assert subjects(bob) == ["another's", "one"]


def test_answers_join_the_thread_of_what_they_answer(alice, bob, charlie):
    first = services.sending.send(sender=alice, to=["bob"]).post
    answer = services.sending.send(sender=bob, to=["alice"], in_reply_to=first.pk).post

    assert (answer.in_reply_to, answer.thread) == (first.pk, first.thread)
    with pytest.raises(errors.RepliedToUnknown):
        services.sending.send(sender=charlie, to=["alice"], in_reply_to=first.pk)


def test_a_folders_mail_is_not_addressable_even_by_its_owner(alice):
    with pytest.raises(errors.UnknownRecipient):
        services.sending.send(sender=alice, to=["alice:archive"])


def test_a_word_final_sigma_is_no_obstacle(alice, db):
    User.objects.create_user("ΝΊΚΟΣ")
    assert services.sending.send(sender=alice, to=["ΝΊΚΟΣ"]).post.to == ["ΝΊΚΟΣ"]


@pytest.mark.parametrize(
    "subject",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 family",
        "10\u00a0\u20ac",
        "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "soft\u00adhyphen",
    ],
)
def test_subjects_of_all_scripts_are_taken(alice, bob, subject):
    assert services.sending.send(sender=alice, to=["bob"], subject=subject).post.subject == subject


@pytest.mark.parametrize("subject", ["a\x07b", "a\u2028b", "a\u202egnp.exe"])
def test_subjects_that_break_lines_or_turn_the_page_are_not(alice, bob, subject):
    with pytest.raises(errors.SubjectInvalid):
        services.sending.send(sender=alice, to=["bob"], subject=subject)
