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
from mageferry.magento.oauth import OAuth
from mageferry.magento.operations import (
    BulkOptions,
    BulkProgress,
    BulkReport,
    OperationResult,
    OperationStatus,
)
from mageferry.magento.page import FailedRecord, Page
from mageferry.magento.signature import PathRule, SignatureMethod
from mageferry.magento.token import AdminToken, Authentication, BearerToken
from mageferry.magento.twofactor import CodeLog, MemoryCodeLog, Totp
from mageferry.magento.types import NewTrack, moment, money
from mageferry.magento.vault import MemoryVault, Token, TokenVault
from mageferry.magento.wire import WireError, normalise

__all__ = [
    "AdminToken",
    "AlreadyExists",
    "AsyncMagento",
    "Authentication",
    "Backoff",
    "BearerToken",
    "BulkOptions",
    "BulkProgress",
    "BulkReport",
    "CodeLog",
    "ConfigurationError",
    "Endpoint",
    "Exchange",
    "FailedRecord",
    "LogFormat",
    "Magento",
    "MagentoError",
    "MemoryCodeLog",
    "MemoryVault",
    "NewTrack",
    "NotFound",
    "OAuth",
    "OperationResult",
    "OperationStatus",
    "Page",
    "PathRule",
    "Rejected",
    "SearchCriteria",
    "Secret",
    "ShopOptions",
    "SignInError",
    "SignatureMethod",
    "Timeouts",
    "Token",
    "TokenVault",
    "Totp",
    "Transient",
    "Unclear",
    "WireError",
    "moment",
    "money",
    "normalise",
]
