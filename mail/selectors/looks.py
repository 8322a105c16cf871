"""Names that can be confused with another."""

from django.db import connection

from mail import confusable, names

# All names are read, since those that look alike may begin with any letter: groups are rarely made.
_LOOKING_LIKE = """
SELECT name FROM mail_box WHERE kind <> 'folder' AND normalize(lower(name), NFD) ~ %s
UNION ALL
SELECT name FROM mail_reservedname WHERE normalize(lower(name), NFD) ~ %s
"""


def looking_like(name: str) -> str | None:
    """Return another name that is given or reserved and can be confused with this one: one read."""
    folded = names.fold(name)
    looks = confusable.skeleton(folded)
    with connection.cursor() as cursor:
        cursor.execute(_LOOKING_LIKE, [confusable.pattern(looks)] * 2)
        found = [other for (other,) in cursor.fetchall()]
    alike = (
        other for other in found if (key := names.fold(other)) != folded and _looks(key, looks)
    )
    return next(alike, None)


def _looks(folded: str, looks: str) -> bool:
    return confusable.skeleton(folded) == looks
