"""Magento 2's REST protocol: one shop as `Magento` or `AsyncMagento`."""

from mageferry.http import Secret, Timeouts
from mageferry.http.plugins.log import Exchange, LogFormat
from mageferry.http.plugins.retry import Backoff
from mageferry.magento.client import AsyncMagento, Magento, ShopOptions
from mageferry.magento.criteria import SearchCriteria
from mageferry.magento.endpoint import Endpoint
from mageferry.magento.errors import (
    AlreadyExists,
    ConfigurationError,
    MagentoError,
    NotFound,
    Rejected,
    SignInError,
    Transient,
    Unclear,
)
from mageferry.magento.page import FailedRecord, Page
from mageferry.magento.token import AdminToken, Authentication, BearerToken
from mageferry.magento.types import moment, money
from mageferry.magento.vault import MemoryVault, Token, TokenVault
from mageferry.magento.wire import WireError, normalise

__all__ = [
    "AdminToken",
    "AlreadyExists",
    "AsyncMagento",
    "Authentication",
    "Backoff",
    "BearerToken",
    "ConfigurationError",
    "Endpoint",
    "Exchange",
    "FailedRecord",
    "LogFormat",
    "Magento",
    "MagentoError",
    "MemoryVault",
    "NotFound",
    "Page",
    "Rejected",
    "SearchCriteria",
    "Secret",
    "ShopOptions",
    "SignInError",
    "Timeouts",
    "Token",
    "TokenVault",
    "Transient",
    "Unclear",
    "WireError",
    "moment",
    "money",
    "normalise",
]
