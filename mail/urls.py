from django.contrib.auth import views as auth
from django.urls import path, register_converter

from mail import names, views


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
    path("compose/", views.compose, name="compose"),
    path("<folder:folder>/", views.inbox, name="inbox"),
    path("<folder:folder>/<int:uid>/", views.read_post, name="read_post"),
    path("<folder:folder>/mark-read/", views.mark_read, name="mark_read"),
    path("<folder:folder>/mark-unread/", views.mark_unread, name="mark_unread"),
    path("<folder:folder>/delete/", views.delete, name="delete"),
]
