"""The directory of groups, a group's page, and what its managers do."""

from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from django.contrib.auth.models import Group

from mail import selectors, services
from mail.models import Box, DeliveredPost, User
from mail.selectors.selection import some

ACTIONS = [
    *("join", "leave", "ask", "withdraw"),
    *("add-member", "remove-member", "add-manager", "remove-manager", "accept", "refuse"),
]


def test_the_directory_finds_by_name_and_by_what_a_group_is_for(signed_in, charlie, crew, alice):
    services.groups.create(name="Chess", by=alice, description="Openings on Fridays")
    client = signed_in(charlie)
    page = client.get("/groups/")
    assert [row.box.name for row in page.context["rows"]] == ["Chess", "crew"]
    assert "2 people" in page.text
    assert 'action="/groups/crew/join/"' in page.text
    page = client.get("/groups/", {"q": "fridays"})
    assert [row.box.name for row in page.context["rows"]] == ["Chess"]
    assert "No group is called so" in client.get("/groups/", {"q": "none"}).text


def test_many_groups_come_by_pages_at_the_same_cost(
    signed_in, charlie, alice, django_assert_num_queries
):
    client = signed_in(charlie)
    names = [f"g{n:03}" for n in range(selectors.mailbox.PAGE + 5)]
    for name in names[:3]:
        services.groups.create(name=name, by=alice)
    for count in (3, len(names)):
        for name in names[3:count]:
            Group.objects.create(name=name)
        # Session, person, groups, sizes, memberships, managed, requests, muted.
        with django_assert_num_queries(8):
            page = client.get("/groups/")
    page = client.get("/groups/", {"after": page.context["following"]})
    assert [row.box.name for row in page.context["rows"]] == names[selectors.mailbox.PAGE :]


def test_make_describe_join_and_leave(signed_in, alice, bob):
    maker, member = signed_in(alice), signed_in(bob)
    given = {"name": "Büro 2", "join_policy": "open", "post_policy": "members"}
    page = maker.post("/new-group/", given, follow=True)
    assert 'href="/groups/B%C3%BCro%202/edit/"' in page.text
    given = {"description": "Second floor", "join_policy": "open", "post_policy": "anyone"}
    maker.post("/groups/Büro 2/edit/", given)
    assert "Second floor" in member.get("/groups/Büro 2/").text

    page = member.post("/groups/Büro 2/join/", follow=True)
    assert "You are a member of Büro 2 now." in page.text
    services.sending.send(sender=alice, to=["Büro 2"], subject="Keys")
    page = member.get("/groups/Büro 2/")
    assert 'href="/inbox/1/"' in page.text
    assert "Keys" in page.text

    page = member.post("/groups/Büro 2/leave/", follow=True)
    assert "You have left Büro 2." in page.text
    assert "Members see what is posted" in page.text
    assert [line.subject for line in selectors.mailbox.page(selectors.boxes.own_box(bob)).rows] == [
        "Keys"
    ]


@pytest.mark.parametrize("name", ["new", "edit", "join", "new-group"])
def test_every_name_has_its_page(signed_in, alice, name):
    client = signed_in(alice)
    given = {"name": name, "join_policy": "open", "post_policy": "anyone"}
    page = client.post("/new-group/", given, follow=True)
    assert page.context["row"].box.name == name
    assert page.request["PATH_INFO"] == f"/groups/{name}/"
    assert client.get(f"/groups/{name}/edit/").status_code == HTTPStatus.OK
    assert client.post(f"/groups/{name}/join/").status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("name", ["", "everyone", "alice", "a/b"])
def test_a_bad_name_comes_back_with_the_reason(signed_in, alice, name):
    given = {"name": name, "join_policy": "open", "post_policy": "anyone"}
    page = signed_in(alice).post("/new-group/", given)
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "errorlist" in page.text


def test_posts_are_those_since_one_joined_wherever_they_lie_by_now(
    signed_in, alice, bob, charlie, crew
):
    services.sending.send(sender=alice, to=["crew"], subject="before")
    services.memberships.join(box=crew, user=charlie, by=charlie)
    for subject in ("moved", "gone", "there"):
        services.sending.send(sender=alice, to=["crew"], subject=subject)
    box = selectors.boxes.own_box(charlie)
    services.mailbox.sync(box=box)
    services.mailbox.move(selection=some(box, [1]), to=selectors.boxes.own_box(charlie, "archive"))
    services.mailbox.delete(selection=some(box, [2]))

    posts = signed_in(charlie).get("/groups/crew/").context["posts"]
    assert [(post.subject, post.folder, post.uid) for post in posts] == [
        ("there", "", 3),
        ("gone", "", None),
        ("moved", "archive", 1),
    ]


def test_posts_on_a_page_are_as_many_as_one_chose(signed_in, alice, bob, crew):
    for n in range(27):
        services.sending.send(sender=alice, to=["crew"], subject=f"number {n}")
    services.account.save_settings(user=bob, page_size=25)
    page = signed_in(bob).get("/groups/crew/")
    assert len(page.context["posts"]) == 25
    page = signed_in(bob).get("/groups/crew/", {"before": page.context["older"]})
    assert len(page.context["posts"]) == 2


def test_posts_name_their_senders_in_full(signed_in, alice, bob, crew):
    User.objects.filter(pk=bob.pk).update(first_name="Bob", last_name="Marley")
    for sender in (alice, bob):
        services.sending.send(sender=sender, to=["crew"], subject="hello")
    page = signed_in(alice).get("/groups/crew/")
    assert '<span class="size" title="bob">Bob Marley</span>' in page.text
    assert '<span class="size" title="alice">alice</span>' in page.text


def test_a_manager_adds_and_removes(signed_in, alice, charlie, crew):
    client = signed_in(alice)
    client.post("/groups/crew/add-member/", {"person": "Charlie"})
    assert charlie.groups.filter(name="crew").exists()
    client.post("/groups/crew/add-manager/", {"person": "charlie"})
    assert crew.managers.contains(charlie)
    client.post("/groups/crew/remove-manager/", {"person": "charlie"})
    client.post("/groups/crew/remove-member/", {"person": "charlie"})
    assert not crew.managers.contains(charlie)
    assert not charlie.groups.exists()


@pytest.mark.parametrize(
    ("action", "typed", "said"),
    [
        ("add-member", {"person": "nemo"}, "Nobody here is called “nemo”."),
        ("add-member", {"person": ""}, "This field is required."),
        ("add-members", {"people": "bob\nnemo"}, "Nobody here is called “nemo”."),
        ("add-members", {"people": ","}, "at least one recipient is needed"),
    ],
)
def test_what_cannot_be_added_comes_back_at_its_field(
    signed_in, alice, bob, crew, action, typed, said
):
    page = signed_in(alice).post(f"/groups/crew/{action}/", typed)
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    ((field, value),) = typed.items()
    form = page.context["person" if field == "person" else "many"]
    assert said in page.text
    assert said in form.errors[field][0]
    assert form[field].value() == value
    tag = next(tag for tag in page.text.split("<") if f'id="id_{field}"' in tag)
    assert 'aria-invalid="true"' in tag
    assert f'aria-describedby="id_{field}_error"' in tag
    assert "autofocus" in tag
    assert 'href="?' not in page.text  # which would lead away from the group
    answer = signed_in(bob).post(f"/groups/crew/{action}/", typed)
    assert answer.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("action", ACTIONS[4:])
def test_a_member_manages_nothing(signed_in, bob, charlie, crew, action):
    answer = signed_in(bob).post(f"/groups/crew/{action}/", {"person": "charlie"})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert crew.subscribers.count() == 2


def test_a_member_is_shown_no_form_to_edit(signed_in, bob, crew):
    assert signed_in(bob).get("/groups/crew/edit/").status_code == HTTPStatus.FORBIDDEN


def test_a_number_beyond_any_uid_shows_a_page(signed_in, bob, crew):
    for before in (str(10**30), "\u0663", "x", "-1"):
        answer = signed_in(bob).get("/groups/crew/", {"before": before})
        assert answer.status_code in (HTTPStatus.OK, HTTPStatus.NOT_FOUND)


def test_a_closed_group_is_not_joined(signed_in, alice, charlie):
    services.groups.create(name="board", by=alice, join_policy=Box.JoinPolicy.MANAGER)
    answer = signed_in(charlie).post("/groups/board/join/")
    assert answer.status_code == HTTPStatus.FORBIDDEN


def test_members_are_found_and_paged_at_the_same_cost(
    signed_in, alice, crew, django_assert_num_queries
):
    client = signed_in(alice)
    services.sending.send(sender=alice, to=["crew"], subject="hello")
    for count in (3, 200):
        people = [User(username=f"{count}m{n:03}") for n in range(count)]
        services.people.import_users(users=people)
        crew.group.user_set.add(*User.objects.filter(username__startswith=f"{count}m"))
        client.get("/groups/crew/")
        # Session, person; group, size, memberships, managed, requests, muted; own box,
        # idle sync; members, subscription, posts, boxes, first words, copies, full names; managers;
        # sources, targets, offered sources.
        with django_assert_num_queries(21):
            page = client.get("/groups/crew/")
    assert len(page.context["people"]) == selectors.mailbox.PAGE
    page = client.get("/groups/crew/", {"q": "200M199"})
    assert [user.username for user in page.context["people"]] == ["200m199"]


@pytest.mark.parametrize("path", ["", *(f"{action}/" for action in ACTIONS), "edit/", "delete/"])
def test_a_group_that_is_not_there_is_404(signed_in, alice, bob, path):
    for name in ("none", "bob"):
        client = signed_in(alice)
        method = client.get if path in ("", "edit/", "delete/") else client.post
        assert method(f"/groups/{name}/{path}").status_code == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize(
    "path",
    ["/groups/", "/new-group/", "/groups/crew/", "/groups/crew/edit/", "/groups/crew/delete/"],
)
def test_signed_out(client, crew, path):
    assert client.get(path).status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("action", ACTIONS)
def test_wrong_method_and_signed_out_actions(signed_in, client, alice, crew, action):
    assert client.post(f"/groups/crew/{action}/").status_code == HTTPStatus.FOUND
    answer = signed_in(alice).get(f"/groups/crew/{action}/")
    assert answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED


def test_nobody_leaves_a_mandatory_group(signed_in, alice, bob, crew):
    Box.objects.filter(pk=crew.pk).update(mandatory=True)
    client = signed_in(bob)
    page = client.get("/groups/crew/")
    assert "Nobody can leave" in page.text
    assert "/groups/crew/leave/" not in page.text
    assert client.post("/groups/crew/leave/").status_code == HTTPStatus.FORBIDDEN
    answer = signed_in(alice).post("/groups/crew/remove-member/", {"person": "bob"})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert bob.groups.exists()


def test_many_people_are_added_at_once(signed_in, alice, bob, charlie, staff, crew):
    client = signed_in(alice)
    page = client.post("/groups/crew/add-members/", {"people": "charlie\nStaff, bob"}, follow=True)
    assert "3 people are members now." in page.text
    assert set(crew.group.user_set.all()) == {alice, bob, charlie, staff}
    answer = signed_in(bob).post("/groups/crew/add-members/", {"people": "x"})
    assert answer.status_code == HTTPStatus.FORBIDDEN


def test_staff_manage_every_group_by_their_permission(signed_in, staff, bob, charlie, crew):
    services.memberships.ask(box=crew, user=charlie)
    page = signed_in(staff).get("/groups/crew/")
    for there in ("/groups/crew/edit/", "/groups/crew/accept/", "Add a person", "Add a group"):
        assert there in page.text
    assert "manager</span>" not in signed_in(staff).get("/groups/").text
    bob.is_staff = True
    bob.save()
    assert "/groups/crew/edit/" not in signed_in(bob).get("/groups/crew/").text


@pytest.mark.parametrize(
    ("language", "people", "moment"),
    [
        ("en", "1,234 people", "Feb. 3, 2026, 1:28 p.m."),
        ("de", "1.234 Personen", "3. Februar 2026 13:28"),
        ("fr", "1\xa0234 personnes", "3 février 2026 13:28"),
        ("es", "1\xa0234 personas", "3 de febrero de 2026 a las 13:28"),
        ("zh-hans", "1,234", "2026年2月3日 13:28"),
        ("ar", "1.234", "3 فبراير 2026، 1:28 م"),
    ],
)
def test_numbers_and_moments_are_written_as_in_the_language(
    signed_in, alice, crew, language, people, moment
):
    many = [User(username=f"m{n:04}") for n in range(1_232)]
    services.people.import_users(users=many)
    services.memberships.add_members(box=crew, usernames=[one.username for one in many], by=alice)
    services.sending.send(sender=alice, to=["crew"], subject="x")
    at = datetime(2026, 2, 3, 13, 28, tzinfo=UTC)
    DeliveredPost.objects.filter(box=crew).update(delivered=at)
    alice.language = language
    alice.save()
    page = signed_in(alice).get("/groups/crew/").text
    assert people in page
    assert f'title="{moment}"' in page


def test_the_last_manager_is_told_why_they_stay(signed_in, alice, crew):
    answer = signed_in(alice).post("/groups/crew/remove-manager/", {"person": "alice"})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "make somebody else one first" in answer.text
    assert crew.managers.contains(alice)


@pytest.mark.parametrize(
    ("policy", "writers"),
    [
        ("anyone", ["alice", "bob", "charlie", "staff"]),
        ("members", ["alice", "bob"]),
        ("managers", ["alice"]),
    ],
)
def test_who_may_not_write_is_not_asked_to(
    signed_in, alice, bob, charlie, staff, crew, policy, writers
):
    Box.objects.filter(pk=crew.pk).update(post_policy=policy)
    seen = []
    for user in (alice, bob, charlie, staff):
        page = signed_in(user).get("/groups/crew/")
        answer = signed_in(user).post("/compose/", {"to": "crew", "body": "x"})
        offered = "/compose/?to=crew" in page.text
        assert offered == (answer.status_code == HTTPStatus.FOUND)
        seen += [user.username] if offered else []
    assert seen == writers


def test_a_group_is_deleted_after_a_question(signed_in, alice, bob, crew, subjects):
    services.sending.send(sender=alice, to=["crew"], subject="last words")
    client = signed_in(alice)
    assert 'href="/groups/crew/delete/"' in client.get("/groups/crew/edit/").text
    assert "/delete/" not in client.get("/new-group/").text
    page = client.get("/groups/crew/delete/")
    assert "The group has 2 members." in page.text
    assert Group.objects.filter(name="crew").exists()

    page = client.post("/groups/crew/delete/", follow=True)
    assert page.request["PATH_INFO"] == "/groups/"
    assert "“crew” was deleted." in page.text
    assert client.get("/groups/crew/").status_code == HTTPStatus.NOT_FOUND
    assert client.post("/groups/crew/delete/").status_code == HTTPStatus.NOT_FOUND
    assert subjects(bob) == ["last words"]


def test_a_group_is_deleted_by_its_managers(signed_in, bob, charlie, crew):
    for user in (bob, charlie):
        for method in (signed_in(user).get, signed_in(user).post):
            assert method("/groups/crew/delete/").status_code == HTTPStatus.FORBIDDEN
    assert Group.objects.filter(name="crew").exists()


def test_a_mandatory_group_is_deleted_by_staff_only(signed_in, alice, staff, crew):
    Box.objects.filter(pk=crew.pk).update(mandatory=True)
    manager = signed_in(alice)
    assert "/delete/" not in manager.get("/groups/crew/edit/").text
    for send in (manager.get, manager.post, manager.delete):
        path = "/postapi/boxes/crew" if send == manager.delete else "/groups/crew/delete/"
        assert send(path).status_code == HTTPStatus.FORBIDDEN
    assert signed_in(staff).post("/groups/crew/delete/").status_code == HTTPStatus.FOUND
    assert not Group.objects.filter(name="crew").exists()


def test_the_only_manager_is_not_offered_to_resign(signed_in, alice, bob, crew):
    client = signed_in(alice)
    assert "No longer manager" not in client.get("/groups/crew/").text
    services.groups.add_manager(box=crew, user=bob, by=alice)
    assert client.get("/groups/crew/").text.count("No longer manager") == 2
