"""Kontorhaus as a server, with what can be switched at it.

Beside the common actions of the control plane (see plane):

POST /_sandbox/stock              {"article": "LF-LAMP", "warehouse": "MAIN", "available": 7}
POST /_sandbox/products/{sku}     fields to change, {} for none; moves `changed`
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from mageferry.sandbox.examples.erp.front import ErpFront
from mageferry.sandbox.examples.erp.ledger import WAREHOUSES, Ledger, Record
from mageferry.sandbox.examples.systems import ExampleSystem, SystemControl
from mageferry.sandbox.php import Value
from mageferry.sandbox.plane import Actions, Body, number, text

_CHANGEABLE: dict[str, type | tuple[type, ...]] = {
    "title": str,
    "net_price": (int, float),
    "weight_kg": (int, float),
    "blocked": bool,
}


class ErpControl(SystemControl[Ledger]):
    """The switchboard of the ERP."""

    what = "Kontorhaus, an example ERP: for tests and demonstrations only"

    def set_stock(self, article: str, warehouse: str, available: int) -> Record:
        """Count what lies of an article. Raises ValueError for an unknown article or warehouse."""
        with self.lock:
            if self.state.product(article) is None or warehouse not in WAREHOUSES:
                raise ValueError(
                    f"unknown article {article!r} or warehouse {warehouse!r}; known are {WAREHOUSES}"
                )
            return self.state.set_stock(article, warehouse, available)

    def change_product(self, article: str, changes: Mapping[str, Value]) -> Record:
        """Change fields of a product, and when it changed. Raises ValueError."""
        for name, value in changes.items():
            if name not in _CHANGEABLE or not isinstance(value, _CHANGEABLE[name]):
                raise ValueError(f"{name} of a product cannot be {value!r}")
        with self.lock:
            changed = self.state.change_product(article, dict(changes))
        if changed is None:
            raise ValueError(f"unknown article {article!r}")
        return changed

    def describe(self) -> dict[str, object]:
        with self.lock:
            return {**super().describe(), **self.state.count()}


class Erp(ExampleSystem[ErpControl]):
    """Kontorhaus. ``state`` is a SQLite file that keeps it over restarts (None: memory); ``password`` is made when
    empty.

        with Erp() as erp:
            requests.get(f"{erp.url}/api/stock", auth=(erp.username, erp.password))
    """

    def __init__(
        self, *, state: Path | None = None, host: str = "127.0.0.1", port: int = 0, username: str = "hub",
        password: str = "",
    ) -> None:  # fmt: skip
        self.username = username
        self.password = password or secrets.token_urlsafe(12)
        ledger = Ledger(state)
        front = ErpFront(ledger, self.username, self.password)
        super().__init__(ErpControl(ledger), front, ACTIONS, host, port)


def _set_stock(control: ErpControl, _key: str, body: Body, _query: Body) -> object:
    return control.set_stock(
        text(body, "article"), text(body, "warehouse", "MAIN"), number(body, "available")
    )


def _change_product(control: ErpControl, key: str, body: Body, _query: Body) -> object:
    return control.change_product(unquote(key), body)


ACTIONS: Actions[ErpControl] = {
    ("POST", "stock"): _set_stock,
    ("POST", "products", "*"): _change_product,
}
