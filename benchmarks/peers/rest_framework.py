"""Django REST framework: the same three endpoints as its tutorial would have them written.

ModelSerializers with links over model instances, and the original's logic below: a list first
looks at each subscription in turn, a delivery does a get_or_create for each box. Tokens are
checked by Opost's own code, so that both pay the same for that.
"""

from typing import Any, ClassVar

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from rest_framework import authentication, generics, serializers, views
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from benchmarks.peers import original
from mail import services
from mail.models import Box, Post, User


class TokenAuthentication(authentication.BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Any] | None:
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        token = services.account.use_token(secret=secret) if kind == "Bearer" else None
        return (token.user, token) if token else None


class Linked(models.Model):
    """The original's delivered post, with its relations as such models declare them."""

    box = models.ForeignKey(Box, models.DO_NOTHING, related_name="+")
    post = models.ForeignKey(Post, models.DO_NOTHING, related_name="+")
    delivered = models.DateTimeField(default=timezone.now)
    is_read = models.BooleanField(default=False)

    objects: ClassVar[models.Manager["Linked"]] = models.Manager()

    class Meta:
        app_label = "peers"
        managed = False
        db_table = "peer_delivered"

    def __str__(self) -> str:
        return str(self.pk)


class PostSerializer(serializers.ModelSerializer):
    url = serializers.HyperlinkedIdentityField(view_name="peer-post")

    class Meta:
        model = Post
        fields = (
            *("url", "id", "sender_name", "created", "subject", "content_type", "body"),
            *("body_html", "to", "cc", "in_reply_to", "thread"),
        )


class DeliveredSerializer(serializers.ModelSerializer):
    url = serializers.HyperlinkedIdentityField(view_name="peer-delivered")
    post = serializers.HyperlinkedRelatedField(view_name="peer-post", read_only=True)
    box = serializers.HyperlinkedRelatedField(
        view_name="peer-box", read_only=True, lookup_field="name"
    )
    created = serializers.DateTimeField(source="post.created")
    subject = serializers.CharField(source="post.subject")
    sender = serializers.CharField(source="post.sender_name")

    class Meta:
        model = Linked
        fields = (
            *("id", "url", "box", "post", "created", "delivered", "is_read", "sender", "subject"),
        )


class DeliverSerializer(serializers.Serializer):
    to = serializers.ListField(child=serializers.CharField())
    subject = serializers.CharField(max_length=255)
    body = serializers.CharField()


class Pages(CursorPagination):
    page_size = 50
    ordering = "-id"


class Guarded(views.APIView):
    authentication_classes = (TokenAuthentication,)


class DeliveredList(Guarded, generics.ListAPIView):
    serializer_class = DeliveredSerializer
    pagination_class = Pages

    def get_queryset(self) -> models.QuerySet[Linked]:
        box = Box.objects.get(owner=self.request.user, kind=Box.Kind.PERSONAL)
        original.sync(box.pk)
        return Linked.objects.filter(box=box).select_related("post", "box")


class PostDetail(Guarded, generics.RetrieveAPIView):
    queryset = Post.objects.all()
    serializer_class = PostSerializer


class Deliver(Guarded):
    def post(self, request: Request) -> Response:
        given = DeliverSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        data = given.validated_data
        boxes = [Box.objects.get(name=name) for name in data["to"]]
        post = services.sending.compose(
            sender=request.user,
            subject=data["subject"],
            body=data["body"],
            content_type="text/markdown",
            to=data["to"],
        )
        post.save(force_insert=True)
        sent = Box.objects.get(name=f"{request.user.username}:sent")
        original.deliver(post.pk, [*(box.pk for box in boxes), sent.pk])
        rows = Linked.objects.filter(post=post, box__in=boxes).select_related("post", "box")
        shown = DeliveredSerializer(rows, many=True, context={"request": request})
        return Response({"posts": shown.data})


def _nowhere(_request: HttpRequest, **_: object) -> HttpResponse:
    """What links lead to; nobody follows them here."""
    return HttpResponse()


urlpatterns = [
    path("delivered-posts", DeliveredList.as_view()),
    path("delivered-posts/<int:pk>", _nowhere, name="peer-delivered"),
    path("boxes/<name>", _nowhere, name="peer-box"),
    path("posts/<uuid:pk>", PostDetail.as_view(), name="peer-post"),
    path("deliver", Deliver.as_view()),
]
