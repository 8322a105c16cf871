from django.contrib.auth import views as auth
from django.urls import path, register_converter, reverse_lazy

from mail import (
    attachment_views,
    compose_views,
    feed_views,
    group_views,
    muting_views,
    names,
    search_views,
    settings_views,
    views,
)


class FolderConverter:
    """Folders by the names that addresses use."""

    regex = "|".join((names.INBOX, *names.FOLDERS, names.OWN + "[^/]+"))

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(FolderConverter, "folder")

urlpatterns = [
    path(
        "sign-in/",
        auth.LoginView.as_view(template_name="mail/sign_in.html", redirect_authenticated_user=True),
        name="sign_in",
    ),
    path("sign-out/", auth.LogoutView.as_view(), name="sign_out"),
    path("", views.inbox, name="inbox"),
    path("search/", search_views.search, name="search"),
    path("search/mark-read/", search_views.mark_hits_read, name="mark_hits_read"),
    path("search/mark-unread/", search_views.mark_hits_unread, name="mark_hits_unread"),
    path("search/flag/", search_views.flag_hits, name="flag_hits"),
    path("search/unflag/", search_views.unflag_hits, name="unflag_hits"),
    path("search/archive/", search_views.archive_hits, name="archive_hits"),
    path("search/move/", search_views.move_hits, name="move_hits"),
    path("search/delete/", search_views.delete_hits, name="delete_hits"),
    path("search/<folder:folder>/undo/", search_views.move_hits_back, name="move_hits_back"),
    path("search/<folder:folder>/<int:uid>/", search_views.read_hit, name="read_hit"),
    path("compose/", compose_views.compose, name="compose"),
    path("compose/save/", compose_views.save_draft, name="save_draft"),
    path("compose/preview/", compose_views.preview, name="preview"),
    path("compose/complete/", compose_views.complete, name="complete"),
    path("compose/recipients/", compose_views.recipients, name="recipients"),
    path("compose/<uuid:draft_id>/", compose_views.draft, name="draft"),
    path("compose/<uuid:draft_id>/discard/", compose_views.discard_draft, name="discard_draft"),
    path("compose/<uuid:draft_id>/attach/", attachment_views.attach, name="attach"),
    path("attachments/<uuid:attachment_id>/", attachment_views.attachment, name="attachment"),
    path("attachments/<uuid:attachment_id>/detach/", attachment_views.detach, name="detach"),
    path("drafts/", compose_views.drafts, name="drafts"),
    path("sent/<uuid:draft_id>/undo/", compose_views.undo_send, name="undo_send"),
    path("sent/<int:uid>/recall/", compose_views.recall, name="recall"),
    path("<folder:folder>/<int:uid>/reply/", compose_views.reply, name="reply"),
    path("<folder:folder>/<int:uid>/reply-all/", compose_views.reply_all, name="reply_all"),
    path("<folder:folder>/<int:uid>/forward/", compose_views.forward, name="forward"),
    path("trash/empty/", views.empty_trash, name="empty_trash"),
    path("folders/new/", views.create_folder, name="create_folder"),
    path("settings/", settings_views.settings, name="settings"),
    path("settings/tokens/", settings_views.tokens, name="tokens"),
    path(
        "settings/tokens/<int:token_id>/revoke/", settings_views.revoke_token, name="revoke_token"
    ),
    path("settings/sessions/", settings_views.sessions, name="sessions"),
    path("settings/sessions/<slug:handle>/end/", settings_views.end_session, name="end_session"),
    path(
        "settings/sessions/end-others/",
        settings_views.sign_out_elsewhere,
        name="sign_out_elsewhere",
    ),
    path("density/", views.density, name="density"),
    path(
        "password/",
        auth.PasswordChangeView.as_view(
            template_name="mail/change_password.html", success_url=reverse_lazy("password_changed")
        ),
        name="change_password",
    ),
    path(
        "password/changed/",
        auth.PasswordChangeDoneView.as_view(template_name="mail/password_changed.html"),
        name="password_changed",
    ),
    path("groups/", group_views.groups, name="groups"),
    path("new-group/", group_views.create_group, name="create_group"),
    path("groups/<str:name>/", group_views.group, name="group"),
    path("groups/<str:name>/edit/", group_views.edit_group, name="edit_group"),
    path("groups/<str:name>/delete/", group_views.delete_group, name="delete_group"),
    path("groups/<str:name>/join/", group_views.join, name="join"),
    path("groups/<str:name>/leave/", group_views.leave, name="leave"),
    path("groups/<str:name>/ask/", group_views.ask_to_join, name="ask_to_join"),
    path("groups/<str:name>/withdraw/", group_views.withdraw_request, name="withdraw_request"),
    path("groups/<str:name>/accept/", group_views.accept_request, name="accept_request"),
    path("groups/<str:name>/refuse/", group_views.refuse_request, name="refuse_request"),
    path("groups/<str:name>/add-member/", group_views.add_member, name="add_member"),
    path("groups/<str:name>/add-members/", group_views.add_members, name="add_members"),
    path("groups/<str:name>/remove-member/", group_views.remove_member, name="remove_member"),
    path("groups/<str:name>/add-manager/", group_views.add_manager, name="add_manager"),
    path("groups/<str:name>/remove-manager/", group_views.remove_manager, name="remove_manager"),
    path("groups/<str:name>/mute/", muting_views.mute_group, name="mute_group"),
    path("groups/<str:name>/unmute/", muting_views.unmute_group, name="unmute_group"),
    path("groups/<str:name>/add-source/", feed_views.add_source, name="add_source"),
    path("groups/<str:name>/remove-source/", feed_views.remove_source, name="remove_source"),
    path("<folder:folder>/", views.inbox, name="inbox"),
    path("<folder:folder>/news/", views.news, name="news"),
    path("<folder:folder>/<int:uid>/", views.read_post, name="read_post"),
    path("<folder:folder>/<int:uid>/mute/", muting_views.mute_thread, name="mute_thread"),
    path("<folder:folder>/<int:uid>/unmute/", muting_views.unmute_thread, name="unmute_thread"),
    path("<folder:folder>/<int:uid>/raw/", views.raw_post, name="raw_post"),
    path("<folder:folder>/mark-read/", views.mark_read, name="mark_read"),
    path("<folder:folder>/mark-unread/", views.mark_unread, name="mark_unread"),
    path("<folder:folder>/flag/", views.flag, name="flag"),
    path("<folder:folder>/unflag/", views.unflag, name="unflag"),
    path("<folder:folder>/archive/", views.archive, name="archive"),
    path("<folder:folder>/move/", views.move, name="move"),
    path("<folder:folder>/delete/", views.delete, name="delete"),
    path("<folder:folder>/delete-folder/", views.delete_folder, name="delete_folder"),
]
