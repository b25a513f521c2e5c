"""A hub behind a proxy that ends TLS, as it is deployed."""

from __future__ import annotations

import re
from collections.abc import Callable

import httpx2
import pytest

from tests.e2e.conftest import Running

pytestmark = pytest.mark.e2e
HIDDEN_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@pytest.fixture
def address(start: Callable[..., Running], pick_port: Callable[[], int], environment: dict[str, str]) -> str:
    environment["MAGEFERRY_HTTPS"] = "true"
    port = pick_port()
    start("up", "--port", str(port), answers_at=f"http://127.0.0.1:{port}/health")
    return f"http://127.0.0.1:{port}"


def test_the_sign_in_form_is_taken_from_a_page_that_came_over_https(address: str) -> None:
    # What the proxy adds, and what a browser sends along from https://localhost/.
    through_proxy = {"Host": "localhost", "X-Forwarded-Proto": "https", "Origin": "https://localhost"}
    with httpx2.Client(base_url=address, headers=through_proxy, trust_env=False) as proxy:
        page = proxy.get("/admin/login/")
        # The cookie is for https only: a client that speaks http to the hub has to be told to send it.
        cookie = page.headers["Set-Cookie"]
        token = HIDDEN_TOKEN.search(page.text)
        assert token is not None
        assert "Secure" in cookie
        assert "max-age" in page.headers["Strict-Transport-Security"]

        answer = proxy.post(
            "/admin/login/",
            data={"csrfmiddlewaretoken": token[1], "username": "nobody", "password": "wrong"},
            headers={"Cookie": cookie.partition(";")[0]},
        )

    assert answer.status_code == 200
    assert "correct username and password" in answer.text
