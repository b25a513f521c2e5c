"""Example systems to connect with: a marketplace and an ERP, each with an API of its own that is nobody's real one."""

from mageferry.sandbox.examples.erp.system import Erp
from mageferry.sandbox.examples.marketplace.system import Marketplace

__all__ = ["Erp", "Marketplace"]
