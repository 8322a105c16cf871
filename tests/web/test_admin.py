from http import HTTPStatus

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from mail import selectors, services
from mail.models import Box, Post, Subscription, User


@pytest.fixture
def client(signed_in, staff):
    return signed_in(staff)


def test_pages_show_boxes_with_subscriptions_and_posts_with_deliveries(client, bob, crew, alice):
    post = services.sending.send(sender=alice, to=["bob", "crew"], subject="shown").post

    page = client.get(f"/admin/mail/box/{selectors.boxes.own_box(bob).pk}/change/")
    assert "crew" in page.text
    assert "everyone" in page.text
    page = client.get(f"/admin/mail/post/{post.pk}/change/")
    assert "shown" in page.text
    assert "alice:sent" in page.text
    for path in ("mail/box", "mail/post", "mail/user", "auth/group"):
        assert client.get(f"/admin/{path}/").status_code == HTTPStatus.OK


def test_changing_a_groups_members_works_on_subscriptions(client, alice, bob, charlie, subjects):
    client.post("/admin/auth/group/add/", {"name": "club", "joining": [bob.pk]})
    group = Group.objects.get(name="club")
    services.sending.send(sender=alice, to=["club"], subject="1")
    client.post(
        f"/admin/auth/group/{group.pk}/change/", {"joining": [charlie.pk], "leaving": [bob.pk]}
    )
    services.sending.send(sender=alice, to=["club"], subject="2")

    assert subjects(bob) == ["1"]
    assert subjects(charlie) == ["2"]


def test_a_persons_groups_work_on_subscriptions(client, bob, crew):
    from django.forms.models import model_to_dict

    form = {name: value or "" for name, value in model_to_dict(bob).items()}
    form |= {"groups": [], "user_permissions": [], "date_joined_0": "2026-01-01"}
    form |= {"date_joined_1": "10:00", "last_login_0": "", "last_login_1": ""}
    answer = client.post(f"/admin/mail/user/{bob.pk}/change/", form)
    assert answer.status_code == HTTPStatus.FOUND
    assert not Subscription.objects.filter(source=crew, target__owner=bob).exists()


def test_a_new_account_gets_its_boxes(client):
    form = {"username": "dora", "usable_password": "true"}
    form |= {"password1": "correct horse", "password2": "correct horse"}
    client.post("/admin/mail/user/add/", form)
    assert selectors.boxes.own_box(User.objects.get(username="dora"), "sent").name == "dora:sent"


@pytest.mark.parametrize("name", ["crew", "everyone", "Alice"])
def test_a_name_that_cannot_be_had_is_an_error_at_the_field(client, crew, name):
    page = client.post("/admin/mail/user/add/", {"username": name, "usable_password": "false"})
    assert page.status_code == HTTPStatus.OK
    assert page.context["adminform"].errors["username"]
    page = client.post("/admin/auth/group/add/", {"name": name})
    assert page.context["adminform"].errors["name"]


def test_names_and_posts_cannot_be_edited(client, bob, crew, alice):
    post = services.sending.send(sender=alice, to=["bob"], subject="fixed").post
    answer = client.post(f"/admin/mail/post/{post.pk}/change/", {"subject": "changed"})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    client.post(f"/admin/auth/group/{crew.group_id}/change/", {"name": "x"})
    assert Group.objects.get().name == "crew"
    assert Post.objects.get().subject == "fixed"


def test_recall_is_an_action(client, bob, alice, subjects):
    post = services.sending.send(sender=alice, to=["bob"], subject="oops").post
    client.post("/admin/mail/post/", {"action": "recall", "_selected_action": [post.pk]})
    assert subjects(bob) == []


def test_a_person_is_deleted_with_their_boxes_and_not_with_what_they_wrote(
    client, alice, bob, subjects
):
    services.sending.send(sender=bob, to=["alice"], subject="stays")
    page = client.get(f"/admin/mail/user/{bob.pk}/delete/")
    assert "what they wrote stays" in page.text
    client.post(f"/admin/mail/user/{bob.pk}/delete/", {"post": "yes"})

    assert not User.objects.filter(pk=bob.pk).exists()
    assert not Box.objects.filter(name__startswith="bob").exists()
    assert subjects(alice) == ["stays"]
    call_command("check_mail")


def test_a_large_group_is_shown_and_saved(client, alice, django_assert_max_num_queries):
    services.people.import_users(users=[User(username=f"u{n}") for n in range(1500)])
    services.groups.create(name="large", by=alice)
    group = Group.objects.get(name="large")
    group.user_set.set(User.objects.filter(username__startswith="u"))
    path = f"/admin/auth/group/{group.pk}/change/"
    with django_assert_max_num_queries(20):
        page = client.get(path)
    assert "1500: u0" in page.text
    assert len(page.content) < 100_000
    assert client.post(path, {"joining": [alice.pk]}).status_code == HTTPStatus.FOUND
    assert group.user_set.count() == 1501
