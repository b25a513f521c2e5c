"""What became of asynchronous requests."""

from __future__ import annotations

import orjson

from mageferry.sandbox.listing import Listing, Page
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.refusals import Refusal
from mageferry.sandbox.resources.orders import CRITERIA, list_page
from mageferry.sandbox.routing import Answer, Call, route
from mageferry.sandbox.tables import OPERATIONS

_SUMMARY = ("id", "status", "result_message", "error_code")


def _bulk(call: Call) -> Record:
    key = call.text("bulkUuid")
    bulk = call.shop.bulks.bulk(key)
    if bulk is None:
        raise Refusal(404, "Bulk uuid %bulkUuid not exist", {"bulkUuid": key})
    return bulk


def get_status(call: Call) -> Answer:
    bulk = _bulk(call)
    operations = call.shop.bulks.operations(str(bulk["bulk_id"]))
    return {"operations_list": [{name: entry[name] for name in _SUMMARY} for entry in operations], **bulk}


def get_detailed_status(call: Call) -> Answer:
    bulk = _bulk(call)
    return {"operations_list": [*call.shop.bulks.operations(str(bulk["bulk_id"]))], **bulk}


def count_operations(call: Call) -> Answer:
    """How many operations of a bulk have a status; 0 for an unknown bulk."""
    return call.shop.bulks.count(call.text("bulkUuid"), call.number("status"))


def list_operations(call: Call) -> Answer:
    """Operations of all bulks, each with the moment its bulk was accepted."""
    page = list_page(call, Listing(OPERATIONS))
    starts: dict[str, str] = {}
    bodies: list[str] = []
    for body in page.bodies:
        bodies.append(_with_start(call, body, starts))
    return Page(bodies, page.total, page.criteria)


def _with_start(call: Call, body: str, starts: dict[str, str]) -> str:
    operation: Record = orjson.loads(body)
    key = str(operation["bulk_uuid"])
    if key not in starts:
        starts[key] = str((call.shop.bulks.bulk(key) or {}).get("start_time"))
    return encode_json({"extension_attributes": {"start_time": starts[key]}, **operation})


_LOGGING = "Magento_Logging::system_magento_logging_bulk_operations"
ROUTES = (
    route("GET", "/V1/bulk", _LOGGING, list_operations, CRITERIA),
    route("GET", "/V1/bulk/:bulkUuid/status", _LOGGING, get_status, "bulkUuid:str"),
    route("GET", "/V1/bulk/:bulkUuid/detailed-status", _LOGGING, get_detailed_status, "bulkUuid:str"),
    route(
        "GET",
        "/V1/bulk/:bulkUuid/operation-status/:status",
        _LOGGING,
        count_operations,
        "bulkUuid:str status:int",
    ),
)
