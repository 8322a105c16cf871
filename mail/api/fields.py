"""What is wrong with a field of a request: stable codes, and sentences that say what is allowed."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REQUIRED = "required"
UNKNOWN_FIELD = "unknown_field"
INVALID_TYPE = "invalid_type"
INVALID_CHOICE = "invalid_choice"
TOO_LONG = "too_long"
TOO_SHORT = "too_short"
OUT_OF_RANGE = "out_of_range"
INVALID = "invalid"

MOMENT = "moment"
DAY = "day"
UID = "uid"
NOTHING = "nothing"

# By pydantic's types of error, and by those three of ours above.
_KNOWN: dict[str, tuple[str, str | Promise]] = {
    "missing": (REQUIRED, _("This is required.")),
    "extra_forbidden": (UNKNOWN_FIELD, _("There is no such field.")),
    "string_type": (INVALID_TYPE, _("Give a text.")),
    "list_type": (INVALID_TYPE, _("Give a list.")),
    "bool_type": (INVALID_TYPE, _("Give true or false.")),
    "bool_parsing": (INVALID_TYPE, _("Give true or false.")),
    "int_type": (INVALID_TYPE, _("Give a whole number.")),
    "int_parsing": (INVALID_TYPE, _("Give a whole number.")),
    "int_from_float": (INVALID_TYPE, _("Give a whole number.")),
    "model_type": (INVALID_TYPE, _("Give a JSON object.")),
    "model_attributes_type": (INVALID_TYPE, _("Give a JSON object.")),
    "dict_type": (INVALID_TYPE, _("Give a JSON object.")),
    NOTHING: (REQUIRED, _("Give at least one field.")),
    UID: (INVALID_TYPE, _("Give an address, an id or a whole number.")),
    "uuid_type": (INVALID_TYPE, _("Give a UUID.")),
    "uuid_parsing": (INVALID, _("Give a UUID.")),
    MOMENT: (
        INVALID,
        _("Give a time in ISO 8601 with its zone, like 2026-01-31T12:00:00Z."),
    ),
    DAY: (
        INVALID,
        _("Give a day like 2026-01-31, or a time in ISO 8601 like 2026-01-31T12:00:00Z."),
    ),
    "enum": (INVALID_CHOICE, _("Allowed are %(expected)s.")),
    "literal_error": (INVALID_CHOICE, _("Allowed are %(expected)s.")),
    "string_too_long": (TOO_LONG, _("At most %(max_length)d characters are allowed.")),
    "too_long": (TOO_LONG, _("At most %(max_length)d are allowed.")),
    "string_too_short": (TOO_SHORT, _("At least %(min_length)d characters are needed.")),
    "too_short": (TOO_SHORT, _("At least %(min_length)d are needed.")),
    "greater_than_equal": (OUT_OF_RANGE, _("%(ge)d is the least.")),
    "less_than_equal": (OUT_OF_RANGE, _("%(le)d is the most.")),
    "string_unicode": (INVALID, _("Give text that can be written in UTF-8.")),
    "json_invalid": (INVALID, _("This is no JSON.")),
}
# Of whatever else is wrong with a time.
_TIMES = ("datetime_", "timezone_", "date_")
_OTHER: tuple[str, str | Promise] = (INVALID, _("This is not what the field takes."))


def wrong(error: dict[str, Any]) -> dict[str, str]:
    """One of pydantic's errors as the API says it."""
    kind = MOMENT if error["type"].startswith(_TIMES) else error["type"]
    code, text = _KNOWN.get(kind, _OTHER)
    said = {name: _shown(value) for name, value in error.get("ctx", {}).items()}
    # What comes first is where: the body and its argument, the query, a header.
    skipped = 2 if error["loc"][:2] == ("body", "data") else 1
    field = ".".join(str(part) for part in error["loc"][skipped:]) or "body"
    return {"field": field, "code": code, "detail": str(text) % said}


def _shown(value: object) -> object:
    """Choices come as English: 'a', 'b' or 'c'."""
    return value.replace("' or '", "', '") if isinstance(value, str) else value
