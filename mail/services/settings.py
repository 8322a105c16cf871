"""What people choose for themselves."""

from collections.abc import Collection

from mail import errors, selectors
from mail.models import Session, User


def save_settings(*, user: User, **chosen: str | int) -> None:
    """Store what a person chose; raises SettingInvalid, and then stores nothing.

    Any of `language`, `time_zone`, `density`, `theme`, `page_size` and `signature`.
    """
    for field, value in chosen.items():
        _check(field, value)
    for field, value in chosen.items():
        setattr(user, field, value)
    if chosen:
        user.save(update_fields=list(chosen))


def _check(field: str, value: str | int) -> None:
    if field == "signature":
        if len(str(value)) > User.MAX_SIGNATURE or "\0" in str(value):
            raise errors.SignatureInvalid(limit=User.MAX_SIGNATURE)
        return
    allowed = _allowed(field)
    if value not in allowed:
        some = ", ".join(str(each) for each in list(allowed)[:MAX_SAID] if each != "")
        raise errors.SettingInvalid(field=field, value=value, allowed=some)


MAX_SAID = 10  # of hundreds of time zones


def _allowed(field: str) -> Collection[str | int]:
    allowed: dict[str, Collection[str | int]] = {
        "language": ["", *selectors.languages()],
        "time_zone": ["", *selectors.time_zones()],
        "density": User.Density.values,
        "theme": User.Theme.values,
        "page_size": User.PageSize.values,
    }
    return allowed[field]


def end_session(*, user: User, handle: str) -> None:
    """Sign a person out in one browser; raises NotFound."""
    for session in selectors.sessions(user):
        if session.handle == handle:
            session.delete()
            return
    raise errors.NotFound


def sign_out_elsewhere(*, user: User, session_key: str) -> int:
    """Sign a person out in all browsers but one; how many those were."""
    ended, _ = Session.objects.filter(user=user).exclude(session_key=session_key).delete()
    return ended
