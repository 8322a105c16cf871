"""`subscriptions`: what one's boxes receive, and up to where they have."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from ninja import Router

from mail import errors, policies, selectors, services
from mail.api.links import Urls, pair_of
from mail.api.params import DEFAULT, ApiRequest, Cursor, Limit, SubscriptionId, target_box
from mail.api.responses import answer, created, nothing, page, read_cursor, tagged
from mail.api.schemas import SubscriptionIn, SubscriptionOut, SubscriptionPatch, errors_of
from mail.models import Box, Subscription

router = Router(tags=["subscriptions"])


def _shown(urls: Urls, row: Subscription) -> dict[str, Any]:
    mark = urls.delivered_post(row.source_id, row.watermark) if row.watermark else None
    return {
        "id": f"{row.target_id}.{row.source_id}",
        "url": urls.subscription(row.target_id, row.source_id),
        "source": urls.box(row.source.name),
        "target": urls.box(row.target.name),
        "created": row.created,
        "watermark": mark,
        "muted": row.muted,
    }


def _visible(request: ApiRequest) -> Any:
    """Subscriptions of one's own boxes, and of groups that one manages."""
    mine = Q(target__owner=request.user) | Q(target__managers=request.user)
    rows = Subscription.objects.filter(mine).select_related("source", "target")
    return rows.order_by("target_id", "source_id").distinct()


def _one(request: ApiRequest, key: str) -> Subscription:
    pair = pair_of(key)
    row = _visible(request).filter(target=pair[0], source=pair[1]).first() if pair else None
    if row is None:
        raise errors.NotFound
    found: Subscription = row
    return found


@router.get(
    "",
    response={200: list[SubscriptionOut], 304: None, **errors_of(400, 422)},
    operation_id="list_subscriptions",
    summary="List subscriptions",
)
def list_subscriptions(
    request: ApiRequest, limit: Limit = DEFAULT, cursor: Cursor = None
) -> HttpResponse:
    """Subscriptions of one's own boxes, and of groups that one manages."""
    rows = _visible(request)
    if (after := read_cursor(cursor)) is not None:
        if (pair := pair_of(after)) is None:
            raise errors.CursorInvalid
        rows = rows.filter(Q(target__gt=pair[0]) | Q(target=pair[0], source__gt=pair[1]))
    urls = Urls(request)

    def show(found: Sequence[Subscription]) -> list[dict[str, Any]]:
        return [_shown(urls, row) for row in found]

    return page(request, list(rows[: limit + 1]), limit, key=str, show=show)


@router.post(
    "",
    response={201: SubscriptionOut, **errors_of(400, 403, 413, 415, 422)},
    operation_id="create_subscription",
    summary="Subscribe to a group",
)
def create_subscription(request: ApiRequest, data: SubscriptionIn) -> HttpResponse:
    """Join a group, or feed a group that one manages with another one's posts."""
    source = target_box(request, data.source, "source")
    own = selectors.boxes.own_box(request.user)
    target = own if data.target is None else target_box(request, data.target, "target")
    if target.pk != own.pk:
        policies.check_managing(target, request.user)
    if target.pk == own.pk:
        services.memberships.join_once(box=source, user=request.user, by=request.user)
    else:
        services.groups.subscribe(source=source, target=target, by=request.user)
    row = Subscription.objects.select_related("source", "target")
    return created(_shown(Urls(request), row.get(source=source, target=target)))


@router.get(
    "/{subscription_id}",
    response={200: SubscriptionOut, 304: None, **errors_of(404)},
    operation_id="get_subscription",
    summary="One subscription",
)
def get_subscription(request: ApiRequest, subscription_id: SubscriptionId) -> HttpResponse:
    """A subscription of one's own box, or of a group that one manages."""
    return tagged(request, _shown(Urls(request), _one(request, subscription_id)))


@router.patch(
    "/{subscription_id}",
    response={200: SubscriptionOut, **errors_of(400, 403, 404, 413, 415, 422)},
    operation_id="change_subscription",
    summary="Pass over what is waiting, or mute",
)
def change_subscription(
    request: ApiRequest, subscription_id: SubscriptionId, data: SubscriptionPatch
) -> HttpResponse:
    """Move the watermark forward: what is passed over is not delivered. Mute, or unmute."""
    row = _one(request, subscription_id)
    urls = Urls(request)
    if data.muted is not None:
        policies.check_muting(row.source, row.target, request.user)
    if data.watermark is not None:
        uid = urls.uid(data.watermark, row.source_id, "watermark")
        services.memberships.move_watermark(target=row.target, source=row.source, uid=uid)
    if data.muted is not None:
        change = services.muting.mute_group if data.muted else services.muting.unmute_group
        change(box=row.source, user=request.user)
    return answer(_shown(urls, _one(request, subscription_id)))


@router.delete(
    "/{subscription_id}",
    response={204: None, **errors_of(403, 404)},
    operation_id="delete_subscription",
    summary="End a subscription",
)
def delete_subscription(request: ApiRequest, subscription_id: SubscriptionId) -> HttpResponse:
    """Leave a group; what was posted until now is delivered first."""
    row = _one(request, subscription_id)
    if row.target.kind == Box.Kind.PERSONAL:
        services.memberships.leave(box=row.source, user=request.user, by=request.user)
    else:
        services.groups.unsubscribe(source=row.source, target=row.target, by=request.user)
    return nothing()
