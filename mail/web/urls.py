from django.contrib.auth import views as auth
from django.urls import path, register_converter, reverse_lazy

from mail import names
from mail.web import attachments, compose, feeds, groups, mailbox, muting, search, settings


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
    path("", mailbox.inbox, name="inbox"),
    path("search/", search.search, name="search"),
    path("search/mark-read/", search.mark_hits_read, name="mark_hits_read"),
    path("search/mark-unread/", search.mark_hits_unread, name="mark_hits_unread"),
    path("search/flag/", search.flag_hits, name="flag_hits"),
    path("search/unflag/", search.unflag_hits, name="unflag_hits"),
    path("search/archive/", search.archive_hits, name="archive_hits"),
    path("search/move/", search.move_hits, name="move_hits"),
    path("search/delete/", search.delete_hits, name="delete_hits"),
    path("search/<folder:folder>/undo/", search.move_hits_back, name="move_hits_back"),
    path("search/<folder:folder>/<int:uid>/", search.read_hit, name="read_hit"),
    path("compose/", compose.compose, name="compose"),
    path("compose/save/", compose.save_draft, name="save_draft"),
    path("compose/preview/", compose.preview, name="preview"),
    path("compose/complete/", compose.complete, name="complete"),
    path("compose/recipients/", compose.recipients, name="recipients"),
    path("compose/<uuid:draft_id>/", compose.draft, name="draft"),
    path("compose/<uuid:draft_id>/discard/", compose.discard_draft, name="discard_draft"),
    path("compose/<uuid:draft_id>/attach/", attachments.attach, name="attach"),
    path("attachments/<uuid:attachment_id>/", attachments.attachment, name="attachment"),
    path("attachments/<uuid:attachment_id>/detach/", attachments.detach, name="detach"),
    path("drafts/", compose.drafts, name="drafts"),
    path("sent/<uuid:draft_id>/undo/", compose.undo_send, name="undo_send"),
    path("sent/<int:uid>/recall/", compose.recall, name="recall"),
    path("<folder:folder>/<int:uid>/reply/", compose.reply, name="reply"),
    path("<folder:folder>/<int:uid>/reply-all/", compose.reply_all, name="reply_all"),
    path("<folder:folder>/<int:uid>/forward/", compose.forward, name="forward"),
    path("trash/empty/", mailbox.empty_trash, name="empty_trash"),
    path("folders/new/", mailbox.create_folder, name="create_folder"),
    path("settings/", settings.settings, name="settings"),
    path("settings/tokens/", settings.tokens, name="tokens"),
    path("settings/tokens/<int:token_id>/revoke/", settings.revoke_token, name="revoke_token"),
    path("settings/sessions/", settings.sessions, name="sessions"),
    path("settings/sessions/<slug:handle>/end/", settings.end_session, name="end_session"),
    path(
        "settings/sessions/end-others/",
        settings.sign_out_elsewhere,
        name="sign_out_elsewhere",
    ),
    path("density/", mailbox.density, name="density"),
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
    path("groups/", groups.groups, name="groups"),
    path("new-group/", groups.create_group, name="create_group"),
    path("groups/<str:name>/", groups.group, name="group"),
    path("groups/<str:name>/edit/", groups.edit_group, name="edit_group"),
    path("groups/<str:name>/delete/", groups.delete_group, name="delete_group"),
    path("groups/<str:name>/join/", groups.join, name="join"),
    path("groups/<str:name>/leave/", groups.leave, name="leave"),
    path("groups/<str:name>/ask/", groups.ask_to_join, name="ask_to_join"),
    path("groups/<str:name>/withdraw/", groups.withdraw_request, name="withdraw_request"),
    path("groups/<str:name>/accept/", groups.accept_request, name="accept_request"),
    path("groups/<str:name>/refuse/", groups.refuse_request, name="refuse_request"),
    path("groups/<str:name>/add-member/", groups.add_member, name="add_member"),
    path("groups/<str:name>/add-members/", groups.add_members, name="add_members"),
    path("groups/<str:name>/remove-member/", groups.remove_member, name="remove_member"),
    path("groups/<str:name>/add-manager/", groups.add_manager, name="add_manager"),
    path("groups/<str:name>/remove-manager/", groups.remove_manager, name="remove_manager"),
    path("groups/<str:name>/mute/", muting.mute_group, name="mute_group"),
    path("groups/<str:name>/unmute/", muting.unmute_group, name="unmute_group"),
    path("groups/<str:name>/add-source/", feeds.add_source, name="add_source"),
    path("groups/<str:name>/remove-source/", feeds.remove_source, name="remove_source"),
    path("<folder:folder>/", mailbox.inbox, name="inbox"),
    path("<folder:folder>/news/", mailbox.news, name="news"),
    path("<folder:folder>/<int:uid>/", mailbox.read_post, name="read_post"),
    path("<folder:folder>/<int:uid>/mute/", muting.mute_thread, name="mute_thread"),
    path("<folder:folder>/<int:uid>/unmute/", muting.unmute_thread, name="unmute_thread"),
    path("<folder:folder>/<int:uid>/raw/", mailbox.raw_post, name="raw_post"),
    path("<folder:folder>/mark-read/", mailbox.mark_read, name="mark_read"),
    path("<folder:folder>/mark-unread/", mailbox.mark_unread, name="mark_unread"),
    path("<folder:folder>/flag/", mailbox.flag, name="flag"),
    path("<folder:folder>/unflag/", mailbox.unflag, name="unflag"),
    path("<folder:folder>/archive/", mailbox.archive, name="archive"),
    path("<folder:folder>/move/", mailbox.move, name="move"),
    path("<folder:folder>/delete/", mailbox.delete, name="delete"),
    path("<folder:folder>/delete-folder/", mailbox.delete_folder, name="delete_folder"),
]
