"""Mageferry: the integration hub between Magento 2 / Adobe Commerce shops and everything else."""

from importlib.metadata import version

__version__ = version("mageferry")
