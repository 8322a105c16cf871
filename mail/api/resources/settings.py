"""`settings`: what one chose for oneself; the same that the browser's page shows."""

from typing import Annotated, Literal

from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field, StrictInt

from mail import services
from mail.api.params import ApiRequest
from mail.api.responses import answer, tagged
from mail.api.schemas import Input, errors_of
from mail.models import User

router = Router(tags=["settings"])


class SettingsOut(Schema):
    language: Annotated[str, Field(description="Empty: as the browser says.", examples=["de"])]
    time_zone: Annotated[
        str, Field(description="Empty: as the browser says.", examples=["Europe/Berlin"])
    ]
    theme: Literal["auto", "light", "dark"]
    density: Literal["compact", "cosy", "roomy"]
    page_size: int
    signature: str


class SettingsIn(Input):
    """What is left out stays as it is."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"time_zone": "Europe/Berlin", "page_size": 100}}
    )

    language: str | None = None
    time_zone: str | None = None
    theme: str | None = None
    density: str | None = None
    page_size: StrictInt | None = None
    signature: str | None = None


def _shown(user: User) -> dict[str, object]:
    return {field: getattr(user, field) for field in SettingsOut.model_fields}


@router.get(
    "",
    response={200: SettingsOut, 304: None, **errors_of()},
    operation_id="get_settings",
    summary="One's settings",
)
def get_settings(request: ApiRequest) -> HttpResponse:
    """What one chose for oneself."""
    return tagged(request, _shown(request.user))


@router.patch(
    "",
    response={200: SettingsOut, **errors_of(400, 403, 413, 415, 422)},
    operation_id="save_settings",
    summary="Change one's settings",
)
def save_settings(request: ApiRequest, data: SettingsIn) -> HttpResponse:
    """Change what is named; all of it, or nothing."""
    services.account.save_settings(user=request.user, **data.model_dump(exclude_none=True))
    return answer(_shown(request.user))
