"""The front controller: one request in, one answer out, in the order in which Magento checks things."""

from __future__ import annotations

import secrets

import orjson

from mageferry.sandbox.access import ADMIN, INTEGRATION, Identity
from mageferry.sandbox.arguments import Limits, convert_arguments
from mageferry.sandbox.consumers import Consumers, template_path
from mageferry.sandbox.database import FAILED_STATEMENT
from mageferry.sandbox.integrations import Integration, TokenKind
from mageferry.sandbox.listing import Page
from mageferry.sandbox.media import choose_renderer, encode_json, encode_xml, error_page, parse_body
from mageferry.sandbox.messages import HTML, JSON, PLAIN, XML, Request, Response
from mageferry.sandbox.oauth import problem_form, token_form
from mageferry.sandbox.php import Value, members, parse_query
from mageferry.sandbox.projection import project
from mageferry.sandbox.refusals import NO_ROUTE, NOT_PROCESSED, Crash, Refusal, masked, unauthorized
from mageferry.sandbox.routing import Answer, Call, Match, Rendered, Router, is_rest_path, split_store
from mageferry.sandbox.shop import Shop

_TOKEN_PATHS = ("/oauth/token/request", "/oauth/token/access")
CRASHED = "An error has happened during application run. See exception log for details.\n"


class FrontController:
    def __init__(self, shop: Shop, router: Router) -> None:
        self._shop = shop
        self._router = router
        self.consumers = Consumers(shop, router)

    def answer(self, request: Request) -> Response:
        if request.path.removeprefix("/index.php") in _TOKEN_PATHS:
            return self._serve_token(request)
        if not is_rest_path(request.path):
            return Response(
                404,
                b'<!doctype html>\n<html lang="en"><head><title>404 Not Found</title></head></html>\n',
                HTML,
            )
        renderer = choose_renderer(request.headers.get("accept"))
        if renderer is None:
            page = error_page(request.base_url, secrets.token_hex(32))
            return Response(500, page.encode(), HTML)
        self.consumers.run_due()
        try:
            status, value = self._serve(request)
        except Refusal as refusal:
            status, value = refusal.status, refusal.body()
        except FAILED_STATEMENT:
            # A pattern that is no regular expression, for one: what fails in SQL is masked.
            status, value = 500, masked().body()
        except Crash:
            return Response(500, CRASHED.encode(), PLAIN)
        if request.method == "HEAD":
            return Response(status, b"", JSON)
        return _render(status, value, renderer)

    def _serve(self, request: Request) -> tuple[int, Answer]:
        store_code, path = split_store(request.path, self._shop.store_codes())
        if path.startswith("/async/"):
            return 202, self._accept(request, path, store_code or self._shop.default_store_code)
        return 200, self._execute(request, path, store_code)

    def _accept(self, request: Request, path: str, store_code: str) -> Answer:
        """An asynchronous request: one operation, or below ``/async/bulk`` one for each entry of a list."""
        bulk = path.startswith("/async/bulk/")
        path = path.removeprefix("/async").removeprefix("/bulk")
        if bulk:
            if "/:" in path:
                raise Refusal(404, NO_ROUTE)
            path = template_path(path)
        if request.method == "GET":
            raise Refusal(400, NOT_PROCESSED)
        match = self._match(request.method, path)
        identity = self._authorise(request, match)
        body = parse_body(request.body, request.headers.get("content-type"))
        if bulk:
            entries = members(body)
        else:
            query = parse_query(request.query) if request.query else {}
            entries = [{**_named(body), **query, **match.path_values}]
        nobody = Identity(0, ADMIN)
        return self.consumers.accept(
            match, entries, identity or nobody, store_code, request.base_url, checked=bulk
        )

    def _match(self, method: str, path: str) -> Match:
        """The route of a path. Raises Refusal, also for a route whose module is off."""
        match = self._router.match(method, path)
        off = not self._shop.settings.flag("sandbox/inventory/enabled")
        if off and match.route.path.startswith("/V1/inventory/"):
            raise Refusal(404, NO_ROUTE)
        return match

    def _authorise(self, request: Request, match: Match) -> Identity | None:
        """Who asks. Raises Refusal (401) for someone who may not use the route."""
        identity = self._identify(request)
        if not self._shop.access.permits(identity, match.route.resource):
            raise unauthorized(match.route.resource)
        return identity

    def _execute(self, request: Request, path: str, store_code: str) -> Answer:
        match = self._match(request.method, path)
        identity = self._authorise(request, match)
        query = parse_query(request.query) if request.query else {}
        arguments = convert_arguments(match.route.parameters, _sent(request, match, query), self._limits())
        answer = match.route.handler(
            Call(
                self._shop, arguments, identity, store_code or self._shop.default_store_code, request.base_url
            )
        )
        fields = query.get("fields")
        return project(_value(answer, fields), fields) if fields not in (None, "", "0") else answer

    def _identify(self, request: Request) -> Identity | None:
        """Whom the request speaks for: a bearer of a token, or an integration by its signature. Raises
        Refusal for a signature that does not hold.
        """
        header = request.headers.get("authorization") or ""
        if header[:6].lower() == "oauth ":
            signer = self._shop.oauth.verify(
                request.method, request.base_url, request.path, request.query, header
            )
            return integration_identity(signer)
        return self._shop.access.authenticate(header) or self._bearing_integration(header)

    def _bearing_integration(self, header: str) -> Identity | None:
        """The integration whose access token is used as a bearer token, where the shop allows that."""
        pieces = header.split(" ")
        if len(pieces) != 2 or pieces[0].lower() != "bearer":
            return None
        token = self._shop.integrations.token(pieces[1])
        if token is None or token.kind != TokenKind.ACCESS or token.revoked:
            return None
        if not self._shop.settings.flag("oauth/consumer/enable_integration_as_bearer"):
            return None
        entry = self._shop.integrations.by_id(token.consumer_id)
        return integration_identity(entry) if entry else None

    def _serve_token(self, request: Request) -> Response:
        """The token endpoints of the handshake: form encoded answers, errors included."""
        verifier = self._shop.oauth
        exchange = (
            verifier.create_request_token
            if request.path.endswith("/request")
            else verifier.create_access_token
        )
        header = request.headers.get("authorization") or ""
        try:
            token = exchange(request.method, request.base_url, request.path, request.query, header)
        except Refusal as refusal:
            return Response(refusal.status, problem_form(refusal).encode(), HTML)
        return Response(200, token_form(token).encode(), HTML)

    def _limits(self) -> Limits:
        settings = self._shop.settings
        return Limits(
            page_size=settings.number("webapi/validation/maximum_page_size"),
            array_size=settings.number("webapi/validation/complex_array_limit"),
        )


def integration_identity(entry: Integration) -> Identity | None:
    """An inactive integration, or one that was created anew, is nobody."""
    if not entry.active:
        return None
    return Identity(entry.integration_id, INTEGRATION, frozenset(entry.resources))


def _named(body: Value) -> dict[str, Value]:
    """A body's parameters by name; a list or a scalar has none."""
    return body if isinstance(body, dict) else {}


def _sent(request: Request, match: Match, query: dict[str, Value]) -> dict[str, Value]:
    body: dict[str, Value] = {}
    if request.method in ("POST", "PUT"):
        body = _named(parse_body(request.body, request.headers.get("content-type")))
    return {**body, **query, **match.path_values, **match.route.forced}


def _value(answer: Answer, fields: Value = None) -> Value:
    """The answer as a tree, for projection and XML; rows that ``fields`` do not name are left as they are."""
    if isinstance(answer, Rendered):
        tree: Value = orjson.loads(answer.json)
        return tree
    if isinstance(answer, Page):
        unread = fields is not None and "items" not in str(fields)
        return {
            "items": [] if unread else [orjson.loads(body) for body in answer.bodies],
            "search_criteria": answer.criteria.echo,
            "total_count": answer.total,
        }
    return answer


def _render(status: int, answer: Answer, renderer: str) -> Response:
    if renderer == "xml":
        return Response(status, encode_xml(_value(answer)).encode(), XML)
    if isinstance(answer, Page):
        # Stored bodies are JSON already: a list of a hundred orders is a join, not a serialisation.
        echo = encode_json(answer.criteria.echo)
        text = (
            f'{{"items":[{",".join(answer.bodies)}],"search_criteria":{echo},"total_count":{answer.total}}}'
        )
    else:
        text = answer.json if isinstance(answer, Rendered) else encode_json(answer)
    return Response(status, text.encode(), JSON)
