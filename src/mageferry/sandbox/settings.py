"""The shop's configuration values, by Magento's own paths."""

from __future__ import annotations

from collections.abc import Mapping

from mageferry.sandbox.php import to_int

DEFAULTS: Mapping[str, str] = {
    "webapi/jwtauth/admin_expiration": "60",
    "webapi/jwtauth/customer_expiration": "60",
    "webapi/validation/maximum_page_size": "",
    "webapi/validation/default_page_size": "",
    "webapi/validation/complex_array_limit": "",
    # The sandbox's own: rows that a sort leaves equal come in another order on every page, as on a busy shop.
    "sandbox/list/shuffle_ties": "0",
    "oauth/consumer/enable_integration_as_bearer": "0",
    # The sandbox's own: sign paths as releases after 2.4.7 do, which decode unreserved characters only.
    "sandbox/oauth/decode_unreserved_only": "0",
    # The sandbox's own: how long an asynchronous operation waits until a consumer takes it; empty for
    # ever, so that only the control plane runs the consumers.
    "sandbox/async/delay_seconds": "1",
    # The sandbox's own: whether Inventory Management (MSI) is on; off, its routes do not exist.
    "sandbox/inventory/enabled": "1",
    # The sandbox's own: whether the two-factor module is on.
    "sandbox/twofactor/enabled": "0",
    "twofactorauth/general/force_providers": "",
}


class Settings:
    """Values are text, as in Magento's core_config_data; an empty one is unset."""

    def __init__(self) -> None:
        self._values = dict(DEFAULTS)

    def get(self, path: str) -> str:
        return self._values.get(path, "")

    def number(self, path: str) -> int:
        return to_int(self.get(path))

    def flag(self, path: str) -> bool:
        return self.get(path) not in ("", "0")

    def set(self, path: str, value: str) -> None:
        """Raises ValueError for a path the sandbox does not know, so a typing error is not taken for a
        setting.
        """
        if path not in DEFAULTS:
            raise ValueError(f"unknown setting {path!r}; known are {', '.join(sorted(DEFAULTS))}")
        self._values[path] = value

    def reset(self) -> None:
        self._values = dict(DEFAULTS)

    def all(self) -> dict[str, str]:
        return dict(self._values)
