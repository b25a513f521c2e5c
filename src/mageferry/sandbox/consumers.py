"""Accepting asynchronous requests and executing their operations, as Magento's queue consumers do."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from mageferry.sandbox.access import Identity
from mageferry.sandbox.arguments import Limits, convert_arguments
from mageferry.sandbox.bulk import Job, OperationStatus, Outcome
from mageferry.sandbox.database import FAILED_STATEMENT
from mageferry.sandbox.listing import Page
from mageferry.sandbox.media import encode_json
from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.php import Value, to_int
from mageferry.sandbox.refusals import Crash, Refusal
from mageferry.sandbox.routing import NOTHING, Call, Match, Rendered, Router
from mageferry.sandbox.services import service_of
from mageferry.sandbox.shop import Shop

_BY_NAME = re.compile(r"/by([A-Z]\w*)")
_FAILED_IN_SQL = "Deadlock or another failure of the database"


def template_path(path: str) -> str:
    """``/V1/order/byOrderId/ship`` as ``/V1/order/:orderId/ship``: bulks name path variables like this."""
    return _BY_NAME.sub(lambda match: f"/:{match[1][0].lower()}{match[1][1:]}", path)


class Consumers:
    def __init__(self, shop: Shop, router: Router) -> None:
        self._shop = shop
        self._router = router
        self._failures: list[Outcome] = []

    def fail_next(self, count: int, status: OperationStatus, message: str) -> None:
        """Let that many operations end like this instead of being carried out, from the next one on."""
        self._failures += [Outcome(status, message)] * count

    def accept(
        self,
        match: Match,
        entries: list[Value],
        identity: Identity,
        store_code: str,
        base_url: str,
        *,
        checked: bool,
    ) -> Record:
        """Schedule one operation per entry. ``checked`` entries, those of a bulk, are refused (400) for
        arguments that are missing or of a wrong type; anything else shows only when the operation runs.
        """
        jobs: list[Job] = []
        for entry in entries:
            arguments: Record = entry if isinstance(entry, dict) else {}
            if checked:
                convert_arguments(match.route.parameters, arguments, Limits())
            jobs.append(Job(match.route.method, match.route.path, arguments, store_code, base_url))
        store_id = to_int(self._shop.store_by_code(store_code).get("id"))
        topic = service_of(match.route).topic(match.route.method)
        return self._shop.bulks.schedule(topic, jobs, (identity.kind, identity.user_id), store_id)

    def run_due(self) -> int:
        """Execute what has waited long enough by the setting; nothing when that is empty."""
        delay = self._shop.settings.get("sandbox/async/delay_seconds")
        if delay == "":
            return 0
        due = datetime.fromtimestamp(self._shop.clock.seconds() - float(delay), UTC)
        return self._shop.bulks.run_open(self._execute, due.strftime("%Y-%m-%d %H:%M:%S"))

    def run_all(self) -> int:
        """Execute every open operation, as a run of the shop's consumers does. How many."""
        return self._shop.bulks.run_open(self._execute)

    def run_some(self, count: int) -> int:
        """Execute so many open operations, the oldest, as consumers that end early do. How many there were."""
        return self._shop.bulks.run_open(self._execute, most=count)

    def _execute(self, job: Job) -> Outcome:
        if self._failures:
            return self._failures.pop(0)
        route = self._router.by_template(job.method, job.template)
        try:
            arguments = convert_arguments(route.parameters, job.arguments, Limits())
            answer = route.handler(
                Call(self._shop, arguments, None, job.store_code, job.base_url, deferred=True)
            )
        except Refusal as refusal:
            return Outcome(OperationStatus.FAILED, str(refusal))
        except Crash as crash:
            return Outcome(OperationStatus.FAILED, crash.kind)
        except FAILED_STATEMENT:
            return Outcome(OperationStatus.RETRIABLE, _FAILED_IN_SQL)
        success = service_of(route).success
        if answer is NOTHING or isinstance(answer, Page):
            return Outcome(OperationStatus.COMPLETE, success)
        text = answer.json if isinstance(answer, Rendered) else encode_json(answer)
        return Outcome(OperationStatus.COMPLETE, success, text)
