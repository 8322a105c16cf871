"""Arabic: a moment as a day and a time are written, and thousands apart."""

DATETIME_FORMAT = "j F Y، g:i A"
NUMBER_GROUPING = 3
