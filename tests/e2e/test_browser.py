"""The browser that the other tests here rely on."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


def test_a_page_runs_its_scripts(page: Page) -> None:
    page.set_content("<button onclick=\"this.textContent = 'Sent'\">Send</button>")

    page.get_by_role("button").click()

    expect(page.get_by_role("button")).to_have_text("Sent")
