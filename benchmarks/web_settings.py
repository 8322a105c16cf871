"""Opost's settings, with the peer beside it on the same server and database, and no rate limit."""

from config.settings import *  # noqa: F403 - all of them
from config.settings import DATABASES, INSTALLED_APPS

DEBUG = False
INSTALLED_APPS = [*INSTALLED_APPS, "rest_framework"]
ROOT_URLCONF = "benchmarks.web_urls"
ALLOWED_HOSTS = ["127.0.0.1"]
API_RATE = API_ADDRESS_RATE = 10**9
DATABASES["default"]["NAME"] = "opost_bench"
REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}
# As in production no file is looked for at each request; they need not be collected first.
WHITENOISE_AUTOREFRESH, WHITENOISE_USE_FINDERS = False, True
