"""Chinese: thousands apart, as CLDR has them."""

THOUSAND_SEPARATOR = ","
NUMBER_GROUPING = 3
