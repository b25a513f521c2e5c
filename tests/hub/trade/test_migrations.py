"""Upgrades of the hub's own tables."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from mageferry.hub.trade.models import Product


@pytest.mark.django_db(transaction=True)
def test_products_of_the_first_version_get_the_key_that_they_are_found_by():
    try:
        call_command("migrate", "trade", "0001", verbosity=0)
        state = MigrationExecutor(connection).loader.project_state(("trade", "0001_initial"))
        state.apps.get_model("trade", "Product").objects.create(sku=" Größe-M ")
    finally:
        call_command("migrate", verbosity=0)
    product = Product.objects.get()
    assert (product.sku_key, product.edited_fields) == ("grösse-m", [])
