"""What people choose for themselves."""

from collections.abc import Collection

from mail import errors, selectors
from mail.content import validation
from mail.models import Session, User


def save_settings(*, user: User, **chosen: str | int) -> None:
    """Store what a person chose; raises what says why one of it is refused, and stores nothing.

    Any of `language`, `time_zone`, `density`, `theme`, `page_size` and `signature`.
    """
    cleaned = {field: _cleaned(field, value) for field, value in chosen.items()}
    for field, value in cleaned.items():
        setattr(user, field, value)
    if chosen:
        user.save(update_fields=list(chosen))


def _cleaned(field: str, value: str | int) -> str | int:
    if field == "signature":
        return _signature(str(value))
    if field == "time_zone":
        return _time_zone(str(value))
    allowed = _allowed(field)
    if value not in allowed:
        listed = ", ".join(str(each) for each in allowed if each != "")
        raise errors.SettingInvalid(field=field, value=value, allowed=listed)
    return value


def _signature(given: str) -> str:
    cleaned = validation.text(given, field="signature").replace("\r\n", "\n").replace("\r", "\n")
    if len(cleaned) > User.MAX_SIGNATURE:
        raise errors.SignatureInvalid(limit=User.MAX_SIGNATURE)
    return cleaned


def _time_zone(given: str) -> str:
    """As the IANA database writes it, where no two names differ in case alone."""
    by_folded = {zone.lower(): zone for zone in ["", *selectors.time_zones()]}
    if given.lower() not in by_folded:
        raise errors.TimeZoneInvalid(value=given[:60])
    return by_folded[given.lower()]


def _allowed(field: str) -> Collection[str | int]:
    allowed: dict[str, Collection[str | int]] = {
        "language": ["", *selectors.languages()],
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
