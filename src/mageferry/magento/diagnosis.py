"""Is a connection ready for work? Asks the shop a few harmless questions and says what was found, in words.

    findings = shop.run(diagnose(shop.plans, Expectations(stores=((31, "walmart_us"),), sources=("us_online",))))
    ready = not any(finding.level is Level.FAIL for finding in findings)

Nothing is raised for what is wrong with the shop, and nothing is changed in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from mageferry.http import Flow
from mageferry.magento import resources
from mageferry.magento.criteria import SearchCriteria
from mageferry.magento.errors import ConfigurationError, MagentoError, Rejected, SignInError
from mageferry.magento.pages import ListQuestions
from mageferry.magento.plans import ResourcePlans, ShopPlans
from mageferry.magento.resources import ResourceSpec
from mageferry.magento.stock_items import ACL as STOCK_ITEMS_ACL
from mageferry.magento.stock_items import count_stock_items, has_no_sources
from mageferry.magento.types import Json

_OUR_OWN_HOSTS: Final = ("localhost", "127.0.0.1", "::1")
CLOCK_WARNING_SECONDS: Final = 60
# Ahead of the shop by more, OAuth is refused, and changes may be missed by reading "since".
CLOCK_LIMIT_SECONDS: Final = 600
_NO_SOURCES: Final = "The shop has no sources (Inventory Management is off): its stock items are read instead"
_MSI_REMEDY: Final = (
    "Write -- as Warehouse Code, since shipments can't name a warehouse either, or enable Inventory Management's "
    "modules (bin/magento module:enable Magento_Inventory Magento_InventoryApi and those they need)."
)


class Level(StrEnum):
    """How bad a finding is: FAIL must be mended first, WARN works but should be looked at."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found out: what was looked at, how bad it is, in words, and what to do."""

    name: str
    level: Level
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class WriteProbe:
    """A write that cannot do anything, since its record does not exist; permissions are checked before that."""

    name: str
    method: str
    path: str
    acl: str


SHIP: Final = WriteProbe("create shipments", "POST", "/V1/order/0/ship", "Magento_Sales::ship")
REFUND: Final = WriteProbe("create credit memos", "POST", "/V1/order/0/refund", "Magento_Sales::creditmemo")
INVOICE: Final = WriteProbe("create invoices", "POST", "/V1/order/0/invoice", "Magento_Sales::invoice")
CREATE_ORDERS: Final = WriteProbe("create orders", "PUT", "/V1/orders/create", "Magento_Sales::create")


@dataclass(frozen=True, slots=True)
class Expectations:
    """What the connection is to do.

    `stores`: pairs of store id and store code (empty: any) that must exist. `sources`: codes of warehouses.
    `reads` and `writes`: what it needs permissions for. `page_size`: records in one request.
    `stock_items`: stock is read although there is no warehouse.
    """

    stores: tuple[tuple[int, str], ...] = ()
    sources: tuple[str, ...] = ()
    reads: tuple[ResourceSpec, ...] = (resources.ORDERS,)
    writes: tuple[WriteProbe, ...] = ()
    page_size: int = 100
    verifies_tls: bool = True
    stock_items: bool = False


def diagnose(shop: ShopPlans, expected: Expectations) -> Flow[list[Finding]]:
    """Everything worth knowing about the connection, the most basic first; ends early when nothing works."""
    findings = list(_check_transport(shop, expected))
    entrance = yield from _check_entrance(shop, expected)
    findings += entrance
    if any(finding.name == "connection" and finding.level is Level.FAIL for finding in entrance):
        return findings
    findings += _check_clock(shop.clock.ahead_seconds)
    for spec in expected.reads:
        findings.append((yield from _check_reading(shop, spec, expected.page_size)))
    if expected.stock_items:
        findings.append((yield from _check_stock_items(shop)))
    findings += _check_page_size(shop, expected)
    for probe in expected.writes:
        findings.append((yield from _check_writing(shop, probe)))
    if expected.sources:
        findings += yield from _check_sources(shop, expected.sources)
    return findings


def _check_transport(shop: ShopPlans, expected: Expectations) -> Iterator[Finding]:
    parts = urlsplit(shop.endpoint.base)
    if parts.scheme == "http" and parts.hostname not in _OUR_OWN_HOSTS:
        yield Finding(
            "encryption",
            Level.WARN,
            "Passwords and orders travel in the open: the endpoint begins with http://",
            "Write https:// in the endpoint.",
        )
    elif not expected.verifies_tls:
        yield Finding(
            "encryption",
            Level.WARN,
            "Nobody checks that the shop is the shop: its certificate is not verified",
            "Verify TLS, and give the path of the authority's certificate when it is your own.",
        )


def _check_entrance(shop: ShopPlans, expected: Expectations) -> Flow[list[Finding]]:
    """Whether the shop answers and lets us in, and with that its store views."""
    try:
        views = yield from shop.call("GET", "/V1/store/storeViews")
    except SignInError as error:
        if not _lacks_permission(error):
            return [Finding("connection", Level.FAIL, error.message, error.remedy)]
        text = f"The shop answers, but its store views may not be read: {error.message}"
        # Whether the sign-in works at all is known when something else may be read.
        return [Finding("store views", Level.WARN, text, error.remedy)]
    except MagentoError as error:
        return [Finding("connection", Level.FAIL, error.message, error.remedy)]
    known = _codes_by_id(views)
    if known is None:
        text = "The shop's answer is no list of store views"
        return [Finding("connection", Level.FAIL, text, "Check that the endpoint is the shop itself.")]
    connected = Finding("connection", Level.OK, f"The connection works. Store views: {_shown(known)}")
    return [connected, *_check_stores(known, expected.stores)]


def _lacks_permission(error: SignInError) -> bool:
    return bool(error.parameters.get("resources"))


def _codes_by_id(views: Json) -> dict[int, str] | None:
    try:
        rows = views if isinstance(views, list) else [{}]
        return {int(row["id"]): str(row["code"]) for row in rows if int(row["id"]) != 0}
    except (KeyError, TypeError, ValueError):
        return None


def _shown(known: dict[int, str]) -> str:
    return ", ".join(f"{number} {code}" for number, code in sorted(known.items())) or "none"


def _check_stores(known: dict[int, str], stores: tuple[tuple[int, str], ...]) -> Iterator[Finding]:
    for number, code in stores:
        name = f"store {number}"
        if number not in known:
            text = f"The shop has no store {number}. It has: {_shown(known)}"
            yield Finding(name, Level.FAIL, text, "Correct the Store ID (Stores > All Stores shows them).")
        elif code and code != known[number]:
            text = f"Store {number} has the code {known[number]}, not {code}"
            yield Finding(name, Level.FAIL, text, "Correct the Store Code (Stores > All Stores shows them).")
        else:
            yield Finding(name, Level.OK, f"Store {number} is {known[number]}")


def _check_clock(ahead_seconds: float | None) -> Iterator[Finding]:
    if ahead_seconds is None:
        yield Finding("clock", Level.WARN, "The shop does not say what time it is (no Date header)")
        return
    off = abs(ahead_seconds)
    if off < CLOCK_WARNING_SECONDS:
        yield Finding("clock", Level.OK, "Both clocks agree")
        return
    way = "ahead of" if ahead_seconds > 0 else "behind"
    yield Finding(
        "clock",
        Level.FAIL if off > CLOCK_LIMIT_SECONDS else Level.WARN,
        f"This machine's clock is {off:.0f} seconds {way} the shop's",
        "Set both by a time server (timedatectl set-ntp true): sign-in and reading since the last time need it.",
    )


def _check_reading(shop: ShopPlans, spec: ResourceSpec, page_size: int) -> Flow[Finding]:
    """One page of the list: shows the permission, the module and the largest page that the shop gives."""

    def ask(piece: SearchCriteria) -> Flow[Json]:
        return shop.call("GET", spec.path, query=piece)

    fields = spec.row_identity or (spec.row_key,)
    questions = ListQuestions(spec, SearchCriteria().fields(*fields), ask, shop.page_limit)
    name = f"read {spec.name.replace('_', ' ')}"
    try:
        _, total = yield from questions.rows([], page_size)
    except MagentoError as error:
        if spec is resources.SOURCE_ITEMS and has_no_sources(error):
            return (yield from _check_stock_items(shop))
        return _refused(name, spec.acl, error)
    return Finding(name, Level.OK, f"{total:,} can be read")


def _check_stock_items(shop: ShopPlans) -> Flow[Finding]:
    """The stock of shops without sources."""
    try:
        total = yield from count_stock_items(shop)
    except MagentoError as error:
        return _refused("read stock items", STOCK_ITEMS_ACL, error)
    return Finding("read stock items", Level.OK, f"{total:,} can be read")


def _refused(name: str, acl: str, error: MagentoError) -> Finding:
    if isinstance(error, SignInError) and _lacks_permission(error):
        return Finding(name, Level.FAIL, f"Not permitted: {error.parameters['resources']}", error.remedy)
    if isinstance(error, ConfigurationError):
        text = f"The shop has no such list or call, its module is off: {error.message}"
        return Finding(name, Level.FAIL, text, f"Enable the module of {acl.partition('::')[0]}.")
    return Finding(name, Level.FAIL, error.message, error.remedy)


def _check_page_size(shop: ShopPlans, expected: Expectations) -> Iterator[Finding]:
    limit = shop.page_limit.size
    if limit is not None and limit < expected.page_size:
        yield Finding(
            "page size",
            Level.WARN,
            f"The shop gives at most {limit} records at once, not {expected.page_size}: reading takes more requests",
            "Raise Stores > Configuration > Services > Web API > Web API Limits "
            "(webapi/validation/maximum_page_size).",
        )


def _check_writing(shop: ShopPlans, probe: WriteProbe) -> Flow[Finding]:
    try:
        yield from shop.call(probe.method, probe.path, json={})
    except Rejected:
        return Finding(probe.name, Level.OK, f"Permitted ({probe.acl})")
    except (SignInError, ConfigurationError) as error:
        return _refused(probe.name, probe.acl, error)
    except MagentoError as error:
        text = f"Not known: the shop answered {error.message}"
        return Finding(
            probe.name, Level.WARN, text, "Try again, and look into the shop's var/log/exception.log."
        )
    return Finding(
        probe.name, Level.WARN, "Not known: the shop accepted a call without data", "Ask its developers."
    )


def _check_sources(shop: ShopPlans, codes: tuple[str, ...]) -> Flow[list[Finding]]:
    wanted = tuple(dict.fromkeys(codes))
    criteria = SearchCriteria().where("source_code", "in", list(wanted))
    size = shop.page_limit.bound(max(len(wanted), 1))
    try:
        rows = yield from ResourcePlans(shop, resources.SOURCES).search(criteria.page_size(size))
    except MagentoError as error:
        if has_no_sources(error):
            return [Finding("sources", Level.WARN, _NO_SOURCES, _MSI_REMEDY)]
        return [_refused("sources", resources.SOURCES.acl, error)]
    enabled = {str(row.get("source_code")): bool(row.get("enabled")) for row in rows}
    return [_judge_source(code, enabled.get(code)) for code in wanted]


def _judge_source(code: str, enabled: bool | None) -> Finding:
    name = f"source {code}"
    if enabled is None:
        text = f"The shop has no source {code}"
        return Finding(name, Level.FAIL, text, "Correct the Warehouse Code (Stores > Inventory > Sources).")
    if not enabled:
        text = f"The source {code} is disabled"
        return Finding(name, Level.WARN, text, "Enable it in Stores > Inventory > Sources.")
    return Finding(name, Level.OK, f"The source {code} exists")
