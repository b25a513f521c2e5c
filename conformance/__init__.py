"""Compares the sandbox with what a real Magento shop answered: a contributor's tool, not part of the product."""
