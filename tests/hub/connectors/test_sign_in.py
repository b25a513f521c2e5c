"""Token Based: one sign-in for all workers, also with a second factor; refusals in words."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from mageferry.hub.connectors.models import Magento2Connector
from mageferry.hub.connectors.readiness import check_connector
from mageferry.hub.connectors.shop import close_shops, open_shop
from mageferry.sandbox import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DP"


def read_stores(pk: int) -> int:
    try:
        with open_shop(Magento2Connector.objects.get(pk=pk)) as shop:
            return len(shop.store_views())
    finally:
        connection.close()


def test_many_threads_sign_in_once(storefront: Sandbox, storefront_connector: Magento2Connector):
    storefront.control.clear_requests()
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(read_stores, [storefront_connector.pk] * 32))
    assert storefront.control.count_requests(path="/rest/V1/integration/admin/token") == 1


def test_the_token_outlives_the_process(storefront: Sandbox, storefront_connector: Magento2Connector):
    read_stores(storefront_connector.pk)
    close_shops()
    storefront.control.clear_requests()
    read_stores(storefront_connector.pk)
    assert storefront.control.count_requests(path="/rest/V1/integration/admin/token") == 0
    storefront_connector.refresh_from_db()
    assert storefront_connector.token_expires_at is not None


def test_a_revoked_token_is_renewed_once(storefront: Sandbox, storefront_connector: Magento2Connector):
    read_stores(storefront_connector.pk)
    storefront.control.revoke_tokens(storefront.username)
    storefront.control.clear_requests()
    assert read_stores(storefront_connector.pk)
    assert 1 <= storefront.control.count_requests(path="/rest/V1/integration/admin/token") <= 2


def test_a_changed_password_is_used_at_once(storefront: Sandbox, storefront_connector: Magento2Connector):
    read_stores(storefront_connector.pk)
    storefront_connector.password = "wrong"
    storefront_connector.token_expires_at = None
    storefront_connector.save()
    (finding,) = check_connector(storefront_connector)
    assert "account sign-in was incorrect" in finding.text


def test_a_second_factor_is_made_from_its_secret(
    storefront: Sandbox, storefront_connector: Magento2Connector
):
    storefront.control.set_setting("sandbox/twofactor/enabled", "1")
    storefront.control.set_setting("twofactorauth/general/force_providers", "google")
    storefront.control.add_account("robot", "robot-password-1", totp_secret=TOTP)
    storefront_connector.username, storefront_connector.password = "robot", "robot-password-1"
    storefront_connector.save()
    finding = check_connector(storefront_connector)[0]
    assert "2fa provider-specific endpoints" in finding.text
    assert "authenticator" in finding.remedy.lower()
    storefront_connector.totp_secret = TOTP
    storefront_connector.save()
    assert read_stores(storefront_connector.pk)
    storefront_connector.refresh_from_db()
    assert storefront_connector.totp_step > 0
    assert TOTP not in repr(vars(storefront_connector))


def test_a_code_is_used_once_over_all_workers(storefront_connector: Magento2Connector):
    from mageferry.hub.connectors.vault import ConnectorCodeLog

    log, won, barrier = ConnectorCodeLog(storefront_connector.pk), [], threading.Barrier(4)

    def claim() -> None:
        barrier.wait()
        if log.claim(58_000_000):
            won.append(True)

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert not log.claim(57_999_999)
