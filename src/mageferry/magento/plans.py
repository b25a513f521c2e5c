"""What can be asked of a shop, as flows: written once, run by the synchronous and the asynchronous client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import orjson

from mageferry.http import Flow, HttpError, Next, Request, Response
from mageferry.magento import remedies
from mageferry.magento.calls import Operations
from mageferry.magento.chunks import save_in_chunks
from mageferry.magento.criteria import SearchCriteria, encode_query
from mageferry.magento.endpoint import Endpoint, segment
from mageferry.magento.errors import MagentoError, Rejected, Unclear, error_for, error_from, unreadable
from mageferry.magento.operations import BulkOptions, BulkReport, Watcher, sku_of
from mageferry.magento.page import total_of, unpack
from mageferry.magento.pages import KeyReader, ListQuestions, PageLimit, PageReader, TextKeyReader
from mageferry.magento.resources import ResourceSpec
from mageferry.magento.shop_clock import ShopClock
from mageferry.magento.types import Json, Row

type Query = SearchCriteria | Mapping[str, str] | Sequence[tuple[str, str]] | None
DEFAULT_PAGE_SIZE = 100


class ShopPlans:
    """The verbs on one shop. `handle` is the chain of plugins and authentication that a request passes,
    `operations` what the shop does in its own way.
    """

    def __init__(self, endpoint: Endpoint, handle: Next, operations: Operations | None = None) -> None:
        self.endpoint = endpoint
        self.operations = operations or Operations()
        self.page_limit = PageLimit()
        self.clock = ShopClock()
        self._handle = handle

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Query = None,
        json: Any = None,
        store_code: str | None = None,
    ) -> Flow[Json]:
        """One call: its decoded answer. Raises MagentoError, Unclear for a write that may have happened."""
        detour = self.operations.detour(method, path)
        if detour is not None:
            method, path, json = detour.own.method, detour.path, detour.body(json)
            query = detour.query(_pairs(query))
        headers = {"Accept": "application/json"}
        content = b""
        if json is not None:
            content = orjson.dumps(json)
            headers["Content-Type"] = "application/json"
        url = self.endpoint.url(path, _query_text(query), store_code)
        request = Request(method, url, headers, content)
        try:
            response = yield from self._handle(request)
        except HttpError as failure:
            raise error_from(request, failure) from failure
        self.clock.note(response)
        answer = decode(request, response)
        return answer if detour is None else detour.unpack(answer)

    def addressed(self, method: str, path: str, json: Any) -> tuple[str, str, Any]:
        """A call as it is really sent: method, path and body, which the shop may have in its own way."""
        detour = self.operations.detour(method, path)
        if detour is None:
            return method, path, json
        return detour.own.method, detour.path, detour.body(json)


def decode(request: Request, response: Response) -> Json:
    """The JSON of a success. Raises the MagentoError of anything else."""
    if not 200 <= response.status < 300:
        raise error_for(request, response)
    if not response.content.strip():
        raise unreadable(request, response, "an empty body")
    try:
        return cast(Json, response.json())
    except ValueError:
        raise unreadable(request, response, "a body that is not JSON") from None


class ResourcePlans:
    """The verbs on one kind of record."""

    def __init__(self, shop: ShopPlans, spec: ResourceSpec) -> None:
        self.shop = shop
        self.spec = spec

    def get(self, identifier: int | str, store_code: str | None = None) -> Flow[Row]:
        """One record. Raises NotFound."""
        if not self.spec.one_path:
            raise ValueError(f"{self.spec.name} cannot be read one by one: search for them")
        path = self.spec.one_path.format(self._path_part(identifier))
        return _expect_row((yield from self.shop.call("GET", path, store_code=store_code)), self.spec.name)

    def _path_part(self, identifier: int | str) -> str:
        if self.spec.identifier != "id":
            return segment(str(identifier))
        # Magento casts: "000000015" and 15.5 would give record 15, an increment id a stranger's order.
        if isinstance(identifier, bool) or not isinstance(identifier, int) or identifier < 1:
            raise ValueError(f"{self.spec.name} are read by their id, a whole number, not {identifier!r}")
        return str(identifier)

    def search(self, criteria: SearchCriteria, store_code: str | None = None) -> Flow[list[Row]]:
        """The rows of one answer, as the criteria say; for whole lists take `pages` or `all`."""
        limit = self.shop.page_limit
        while True:
            size = criteria.size or limit.bound(DEFAULT_PAGE_SIZE)
            piece = criteria.page_size(size)
            try:
                answer = yield from self.shop.call("GET", self.spec.path, query=piece, store_code=store_code)
            except Rejected as error:
                # Only what nobody chose is made smaller: who asks for 500 rows must hear that the shop gives 50.
                if criteria.size is not None or not limit.learn(error, size):
                    raise
            else:
                return unpack(answer, self.spec.name)[0]

    def count(self, criteria: SearchCriteria) -> Flow[int]:
        """How many rows match."""
        pairs = [pair for pair in criteria.page_size(1).pairs() if pair[0] != "fields"]
        answer = yield from self.shop.call("GET", self.spec.path, query=[*pairs, ("fields", "total_count")])
        return total_of(answer, self.spec.name)

    def reader(
        self, criteria: SearchCriteria, page_size: int | None, workers: int, store_code: str | None
    ) -> PageReader[Any]:
        """What reads the whole list; numbers are read side by side, texts one page after the other."""

        def ask(piece: SearchCriteria) -> Flow[Json]:
            return self.shop.call("GET", self.spec.path, query=piece, store_code=store_code)

        size = page_size or criteria.size or DEFAULT_PAGE_SIZE
        criteria.page_size(size)
        if workers < 1:
            raise ValueError(f"concurrency is a whole number from 1, not {workers!r}")
        questions = ListQuestions(self.spec, criteria, ask, self.shop.page_limit)
        if self.spec.row_identity:
            return TextKeyReader(questions, size)
        return KeyReader(questions, self.shop.page_limit.bound(size), workers)


class OrderPlans(ResourcePlans):
    """Orders can be created, and found by the ids that only we give them."""

    def create(self, entity: Mapping[str, Any]) -> Flow[Row]:
        """Create an order, or change the one whose `entity_id` is given (`PUT /V1/orders/create`).

        Raises AlreadyExists when its `increment_id` is taken in its store, Unclear when nobody knows
        whether it was created: then `find` it before sending it again.
        """
        answer = yield from self.shop.call("PUT", "/V1/orders/create", json={"entity": entity})
        return _expect_row(answer, "orders", Unclear)

    def find(
        self,
        *,
        increment_id: str | None = None,
        ext_order_id: str | None = None,
        store_id: int | None = None,
    ) -> Flow[list[Row]]:
        """The orders with these ids, oldest first; usually none or one."""
        if increment_id is None and ext_order_id is None:
            raise ValueError("find() needs an increment_id or an ext_order_id")
        criteria = SearchCriteria().sort("entity_id").page_size(20)
        known = {"increment_id": increment_id, "ext_order_id": ext_order_id, "store_id": store_id}
        for field, value in known.items():
            if value is not None:
                criteria = criteria.where(field, "eq", value)
        return (yield from self.search(criteria))


class ProductPlans(ResourcePlans):
    """Products can be created and changed, per store view."""

    def save(self, product: Mapping[str, Any], store_code: str) -> Flow[Row]:
        """POST, because it changes a known SKU as well and keeps the SKU out of the address, where `/` and `+` are
        signed and routed in their own way."""
        sku_of(product)
        body = {"product": dict(product)}
        answer = yield from self.shop.call("POST", self.spec.path, json=body, store_code=store_code)
        return _expect_row(answer, self.spec.name, Unclear)


class SourceItemPlans(ResourcePlans):
    """Stock per source."""

    def save(self, items: Sequence[Mapping[str, Any]]) -> Flow[None]:
        """Set quantities; the whole list is saved or, when one row is wrong, none of it."""
        yield from self.shop.call("POST", self.spec.path, json={"sourceItems": list(items)})

    def save_many(
        self, items: Sequence[Mapping[str, Any]], options: BulkOptions, watch: Watcher | None
    ) -> Flow[BulkReport]:
        """Set any number of quantities by direct calls."""
        return save_in_chunks(self.save, items, options, watch)

    def delete(self, items: Sequence[Mapping[str, Any]]) -> Flow[None]:
        """Take products off sources."""
        pairs = [{"sku": sku_of(item), "source_code": item["source_code"]} for item in items]
        if pairs:
            yield from self.shop.call(
                "POST", "/V1/inventory/source-items-delete", json={"sourceItems": pairs}
            )


def _query_text(query: Query) -> str:
    if query is None:
        return ""
    if isinstance(query, SearchCriteria):
        return query.query()
    return encode_query(_pairs(query))


def _pairs(query: Query) -> list[tuple[str, str]]:
    if query is None:
        return []
    if isinstance(query, SearchCriteria):
        return query.pairs()
    return list(query.items() if isinstance(query, Mapping) else query)


def _expect_row(answer: Json, name: str, kind: type[MagentoError] = Rejected) -> Row:
    if not isinstance(answer, dict):
        raise kind(
            f"The shop's answer is no record of {name}", remedy=remedies.DEFAULTS.get(kind.__name__, "")
        )
    return answer
