from django.contrib.auth import views as auth
from django.urls import path, register_converter

from mail import compose_views, names, views


class FolderConverter:
    """The folders that everybody has, by the names that addresses use."""

    regex = "|".join((views.INBOX, *names.FOLDERS))

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
    path("compose/", compose_views.compose, name="compose"),
    path("compose/save/", compose_views.save_draft, name="save_draft"),
    path("compose/preview/", compose_views.preview, name="preview"),
    path("compose/complete/", compose_views.complete, name="complete"),
    path("compose/recipients/", compose_views.recipients, name="recipients"),
    path("compose/<uuid:draft_id>/", compose_views.draft, name="draft"),
    path("compose/<uuid:draft_id>/discard/", compose_views.discard_draft, name="discard_draft"),
    path("drafts/", compose_views.drafts, name="drafts"),
    path("sent/<uuid:draft_id>/undo/", compose_views.undo_send, name="undo_send"),
    path("sent/<int:uid>/recall/", compose_views.recall, name="recall"),
    path("<folder:folder>/<int:uid>/reply/", compose_views.reply, name="reply"),
    path("<folder:folder>/<int:uid>/reply-all/", compose_views.reply_all, name="reply_all"),
    path("<folder:folder>/<int:uid>/forward/", compose_views.forward, name="forward"),
    path("<folder:folder>/", views.inbox, name="inbox"),
    path("<folder:folder>/<int:uid>/", views.read_post, name="read_post"),
    path("<folder:folder>/mark-read/", views.mark_read, name="mark_read"),
    path("<folder:folder>/mark-unread/", views.mark_unread, name="mark_unread"),
    path("<folder:folder>/delete/", views.delete, name="delete"),
]
