"""The flows there are: declared once, for the scheduler, the CLI, the API and the pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mageferry.hub.connectors.models import Magento2Seller
from mageferry.hub.work.leases import Held
from mageferry.hub.work.runs import Run


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow: its name in the CLI and the ledger, its title, the checkbox of the seller row that switches it.

    `needs_account_link`: it is about orders that come from the Magento, so the row needs an account linked to it.
    `cron`: the schedule that a row gets for it, until a person changes it.
    """

    name: str
    title: str
    switch: str
    priority: int
    work: Callable[[Magento2Seller, Run, Held], None]
    needs_account_link: bool = False
    cron: str = "*/15 * * * *"

    @property
    def command(self) -> str:
        """The flow's name as typed: get-orders."""
        return self.name.replace("_", "-")


_flows: dict[str, Flow] = {}


def declare(flow: Flow) -> Flow:
    _flows[flow.name] = flow
    return flow


def all_flows() -> tuple[Flow, ...]:
    return tuple(_flows.values())


def flow_named(name: str) -> Flow:
    """The flow of this name, typed either way (get-orders, get_orders). Raises LookupError naming those there are."""
    flow = _flows.get(name.strip().replace("-", "_").lower())
    if flow is None:
        known = ", ".join(each.command for each in all_flows())
        raise LookupError(f"There is no flow {name!r}. The flows are: {known}.")
    return flow
