"""What django-ninja leaves open of HTTP, closed in one place, and nothing else.

HEAD, OPTIONS, unknown paths, wrong methods, content types, sizes, rate limits: see `ApiMiddleware`.
"""

from collections.abc import Callable, Iterable
from functools import cache
from http import HTTPStatus
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.translation import gettext as _

from mail.api import auth, problems
from mail.api.links import ROOT

WRITTEN = ("application/json", problems.TYPE)
READ = ("application/json",)
_METHODS = ("get", "post", "put", "patch", "delete")


class ApiMiddleware:
    """Stands around all addresses below `ROOT`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(ROOT):
            return self.get_response(request)
        # What is answered here is answered before Django looks at the language.
        translation.activate(translation.get_language_from_request(request))
        response = self._refusal(request) or self._answer(request)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.headers["RateLimit-Policy"] = f'"person";q={settings.API_RATE};w={auth.WINDOW}'
        if limit := getattr(request, "rate_limit", ""):
            response.headers["RateLimit"] = limit
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A fault outside the endpoints, where django-ninja does not look."""
        if not request.path_info.startswith(ROOT):
            return None
        return problems.of_fault(request, error)

    def _refusal(self, request: HttpRequest) -> HttpResponse | None:  # noqa: PLR0911 - one each
        """What is refused before it is known who asks."""
        if wait := auth.address_excess(request):
            return problems.throttled(wait)
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return problems.problem(HTTPStatus.BAD_REQUEST, _("An address holds no NUL."))
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > _limit(request):
            return problems.too_large()
        # Without a body there is nothing to misread.
        has_body = length not in ("", "0")
        if "Transfer-Encoding" in request.headers:
            detail = _("Say how long the body is: send Content-Length.")
            return problems.problem(HTTPStatus.LENGTH_REQUIRED, detail)
        if request.headers.get("Content-Encoding", "identity") != "identity":
            detail = _("Send the body as it is, without Content-Encoding.")
            return problems.problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
        if has_body and not _is_readable(request):
            detail = _("Send JSON, with Content-Type: application/json.")
            if _is_upload(request):
                detail = _("Send the file as it is, not in a form.")
            return problems.problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
        # What a file is, its own description tells.
        is_file = request.path_info.endswith("/content")
        if (
            "Accept" in request.headers
            and not is_file
            and not any(request.accepts(kind) for kind in _offered(request))
        ):
            detail = _("This address answers with %(types)s only.")
            types = ", ".join(_offered(request))
            return problems.problem(HTTPStatus.NOT_ACCEPTABLE, detail % {"types": types})
        return None

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        try:
            route = resolve(request.path_info).route
        except Resolver404:
            return problems.of_unknown(request, Resolver404())
        if request.method == "OPTIONS":
            return _options(route)
        wanted = request.method
        if wanted == "HEAD":
            request.method = "GET"
        response = self.get_response(request)
        request.method = wanted
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            detail = _("This address knows only the methods %(methods)s.")
            said = detail % {"methods": _allowed(route)}
            response = problems.problem(HTTPStatus.METHOD_NOT_ALLOWED, said)
            response.headers["Allow"] = _allowed(route)
        if wanted == "HEAD":
            return _without_body(response)
        return response


def _is_upload(request: HttpRequest) -> bool:
    """Whether the body is a file, of whatever type, which is read piece by piece."""
    return request.path_info.endswith("/attachments")


def _limit(request: HttpRequest) -> int:
    if _is_upload(request):
        return int(settings.ATTACHMENT_MAX_SIZE)
    return settings.DATA_UPLOAD_MAX_MEMORY_SIZE


_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def _is_readable(request: HttpRequest) -> bool:
    if _is_upload(request):
        return request.content_type not in _FORMS
    return request.content_type in READ


def _offered(request: HttpRequest) -> tuple[str, ...]:
    """What an address can answer with, whatever the method."""
    if request.path_info.endswith("/docs"):
        return ("text/html",)
    if request.path_info.endswith("/export"):
        return (*WRITTEN, "application/mbox", "application/jsonl")
    return WRITTEN


def _without_body(response: HttpResponseBase) -> HttpResponseBase:
    if isinstance(response, StreamingHttpResponse):
        response.streaming_content = ()
    elif isinstance(response, HttpResponse):
        length = len(response.content)
        response.content = b""
        response.headers["Content-Length"] = str(length)
    return response


@cache
def _described() -> dict[str, dict[str, Any]]:
    """The schema's paths, by the routes that Django knows them under."""
    from mail.api.main import api  # noqa: PLC0415 - made when the endpoints are known

    document = api.get_openapi_schema()
    return {
        path.removeprefix("/").replace("{", "<").replace("}", ">"): _resolved(item, document)
        for path, item in document["paths"].items()
    }


def _resolved(node: Any, document: dict[str, Any]) -> Any:
    """A copy with references to components replaced by what they name; none is recursive."""
    if isinstance(node, list):
        return [_resolved(item, document) for item in node]
    if not isinstance(node, dict):
        return node
    said = {key: _resolved(value, document) for key, value in node.items() if key != "$ref"}
    if "$ref" in node:
        _, _, kind, name = node["$ref"].split("/")
        return _resolved(document["components"][kind][name], document) | said
    return said


def _item(route: str) -> dict[str, Any]:
    # Converters are Django's own business: <str:name> is {name} in the schema.
    parts = [part.partition(":")[2] or part.strip("<") for part in route.split("<")]
    plain = parts[0] + "".join(f"<{part}" for part in parts[1:])
    return _described().get(plain, {"get": {"summary": "", "description": ""}})


def _allowed(route: str) -> str:
    methods = [method.upper() for method in _METHODS if method in _item(route)]
    return ", ".join([*methods, *(["HEAD"] if "GET" in methods else []), "OPTIONS"])


def _options(route: str) -> HttpResponse:
    item = _item(route)
    operations = {method.upper(): item[method] for method in _METHODS if method in item}
    first = next(iter(operations.values()))
    body = {
        "name": (first.get("tags") or [first["summary"]])[0],
        "description": first.get("description") or first["summary"],
        "renders": sorted({kind for one in operations.values() for kind in _renders(one)}),
        "parses": sorted({kind for one in operations.values() for kind in _parses(one)} or READ),
        "actions": {method: _action(operation) for method, operation in operations.items()},
    }
    return HttpResponse(
        orjson.dumps(body), content_type="application/json", headers={"Allow": _allowed(route)}
    )


def _renders(operation: dict[str, Any]) -> set[str]:
    answers = operation.get("responses", {}).values()
    return {WRITTEN[0], *(kind for answer in answers for kind in answer.get("content", {}))}


def _parses(operation: dict[str, Any]) -> Iterable[str]:
    content: dict[str, Any] = operation.get("requestBody", {}).get("content", {})
    return content


def _action(operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("schema", {})
    required = set(body.get("required", ()))
    return {
        "summary": operation["summary"],
        "description": operation.get("description", ""),
        "query": {
            parameter["name"]: _field(parameter["schema"], required=parameter.get("required"))
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        },
        "fields": {
            name: _field(field, required=name in required)
            for name, field in body.get("properties", {}).items()
        },
    }


_SAID = ("type", "format", "enum", "maxLength", "minLength", "maximum", "minimum", "maxItems")


def _field(field: dict[str, Any], *, required: bool | None) -> dict[str, Any]:
    """One field's type, limits and help text, as the schema says them."""
    kinds = field.get("anyOf") or field.get("allOf") or [field]
    kinds = [kind for kind in kinds if kind.get("type") != "null"]
    said = {key: value for key in _SAID if (value := kinds[0].get(key, field.get(key))) is not None}
    return {
        **said,
        "required": bool(required),
        "label": field.get("title", ""),
        "help_text": field.get("description", ""),
    }
