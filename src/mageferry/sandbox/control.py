"""The control plane: change the shop from outside its REST interface, over HTTP under ``/_sandbox/`` or
from Python.

It is for tests and demonstrations and asks for no sign-in; the server listens on the local machine by
default.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mageferry.sandbox.access import EVERYTHING
from mageferry.sandbox.activation import IntegrationDesk
from mageferry.sandbox.bulk import OperationStatus
from mageferry.sandbox.consumers import Consumers
from mageferry.sandbox.demo.orders import place_orders
from mageferry.sandbox.orderbook import Record
from mageferry.sandbox.php import Value, to_int
from mageferry.sandbox.resources.product_writes import touch_product
from mageferry.sandbox.shop import Shop
from mageferry.sandbox.switchboard import Switchboard
from mageferry.sandbox.twofactor import one_time_code

DEADLOCK = "SQLSTATE[40001]: Serialization failure: 1213 Deadlock found when trying to get lock"

type Filler = Callable[[Shop], None]


class Control(Switchboard):
    """The switchboard of a shop. Every method is safe to call from any thread while the server runs."""

    def __init__(self, shop: Shop, fill: Filler) -> None:
        super().__init__(shop.clock)
        self._shop = shop
        self._fill = fill
        self.consumers: Consumers | None = None
        """They execute asynchronous operations; the server puts them here."""

    def set_setting(self, path: str, value: str) -> None:
        """Set a configuration value by Magento's path. Raises ValueError for an unknown one."""
        with self.lock:
            self._shop.settings.set(path, value)

    def settings(self) -> dict[str, str]:
        with self.lock:
            return self._shop.settings.all()

    def add_account(
        self,
        username: str,
        password: str,
        *,
        resources: frozenset[str] = frozenset({EVERYTHING}),
        active: bool = True,
        token_minutes: int | None = None,
        totp_secret: str = "",
    ) -> None:
        """Add an admin user, or change one. Raises ValueError for a secret that is not base32."""
        if totp_secret:
            one_time_code(totp_secret, 0)
        with self.lock:
            self._shop.access.add_account(
                username,
                password,
                resources=resources,
                active=active,
                token_minutes=token_minutes,
                totp_secret=totp_secret,
            )

    @property
    def integrations(self) -> IntegrationDesk:
        """What an admin does with integrations."""
        return IntegrationDesk(self._shop, self.lock, self.base_url)

    def add_customer_login(self, email: str, password: str) -> None:
        """Let a customer of the shop sign in. Raises ValueError for an unknown e-mail address."""
        with self.lock:
            found = self._shop.database.value(
                "SELECT entity_id FROM customer_entity WHERE email = ?", (email,)
            )
            if found is None:
                raise ValueError(f"the shop has no customer {email!r}")
            self._shop.access.add_customer(to_int(found), email, password)

    def revoke_tokens(self, username: str) -> None:
        """Tokens of the user stop working. Raises ValueError for an unknown user."""
        with self.lock:
            account = self._shop.access.find(username)
            if account is None:
                raise ValueError(f"unknown user {username!r}")
            self._shop.access.revoke_tokens(account.user_id)

    def add_orders(self, count: int, *, seed: int = 0, status: str = "") -> list[int]:
        """Place orders as shoppers would, dated now. The ids, in order. Raises ValueError."""
        with self.lock:
            return place_orders(self._shop, count, seed=seed, status=status)

    def touch_order(self, order_id: int, changes: Mapping[str, Value] | None = None) -> Record:
        """Change fields of an order and move its updated_at to now. Raises ValueError for an unknown id."""
        with self.lock:
            order = self._shop.orders.load(order_id)
            if order is None:
                raise ValueError(f"unknown order {order_id}")
            order.update(changes or {})
            order["updated_at"] = self._shop.clock.text()
            self._shop.orders.save(order)
            return order

    def run_consumers(self, most: int | None = None) -> int:
        """Execute open asynchronous operations, all or the oldest so many. How many there were."""
        with self.lock:
            if self.consumers is None:
                return 0
            return self.consumers.run_all() if most is None else self.consumers.run_some(most)

    def fail_operations(self, count: int, *, status: int = 2, message: str = DEADLOCK) -> None:
        """Let the next asynchronous operations end with a status: 2 for now, 3 for good, 5 rejected. Raises ValueError
        for another one."""
        if status not in (2, 3, 5) or count < 1:
            raise ValueError("status is 2, 3 or 5, and count at least 1")
        with self.lock:
            if self.consumers is not None:
                self.consumers.fail_next(count, OperationStatus(status), message)

    def touch_product(self, sku: str, changes: Mapping[str, Value] | None = None) -> Record:
        """Change fields of a product's default values and move its updated_at to now, past all checks. Raises
        ValueError for an unknown SKU."""
        with self.lock:
            return touch_product(self._shop, sku, dict(changes or {}))

    def reset(self) -> None:
        """The shop as it was at first: content, settings, clock; no faults, no latency, an empty log."""
        with self.lock:
            super().reset()
            self._shop.settings.reset()
            self._fill(self._shop)

    def describe(self) -> dict[str, object]:
        with self.lock:
            count = self._shop.database.value("SELECT COUNT(*) FROM sales_order")
            return {
                "what": "Mageferry sandbox shop: for tests and demonstrations only",
                "orders": count,
                "products": self._shop.database.value("SELECT COUNT(*) FROM catalog_product_entity"),
                **super().describe(),
                "settings": self._shop.settings.all(),
            }
