"""How to mend what a shop complains about: a table of Magento's texts and what to do, naming its settings."""

from __future__ import annotations

from typing import Final

from mageferry.magento.wire import Origin, WireError

NOT_MAGENTO: Final = (
    "What answers is not Magento's REST API: check the endpoint (https://shop.example/rest), and that no "
    "login page, firewall or cache stands before it."
)
CUT_BODY: Final = (
    "The answer was cut off or changed on its way: ask for smaller pages, and look at the web server."
)
BEARER_OFF: Final = (
    "Magento refuses integration tokens as bearer tokens unless Stores > Configuration > Services > OAuth > "
    "Consumer Settings > 'Allow OAuth Access Tokens to be used as standalone Bearer tokens' is on "
    "(oauth/consumer/enable_integration_as_bearer). Else the token was revoked, or the integration lacks the "
    "permission (System > Extensions > Integrations > API)."
)
PERMISSION: Final = (
    "Give the user's role this resource: System > Permissions > User Roles > Role Resources; for an "
    "integration System > Extensions > Integrations > API."
)
INTEGRATION: Final = (
    "Give the integration this resource: System > Extensions > Integrations > API, save, and Reauthorize it; "
    "see there as well that it is active."
)
_SIGN_IN: Final = (
    "Magento says the same for a wrong user name, a wrong password, an inactive user and a locked one (after "
    "6 failures for 30 minutes, even with the right password): check both, wait 30 minutes or unlock the "
    "user in System > Permissions > Locked Users, and see that the password has not expired."
)
_TWO_FACTOR_NONE: Final = (
    "Two-factor authentication is on and no provider is chosen: set one in Stores > Configuration > Security "
    "> 2FA > Providers, or connect with an integration (OAuth), which needs no second factor."
)
_TWO_FACTOR_PERSONAL: Final = (
    "This user must set up two-factor authentication first: follow the link Magento has mailed, or sign in "
    "to the admin once; or connect with an integration (OAuth), which needs no second factor."
)
_TWO_FACTOR_CODE: Final = (
    "This user signs in with a second factor: connect with an integration (OAuth), which needs none, or give "
    "the secret of its authenticator app."
)
_TWO_FACTOR_OTHER: Final = (
    "This user's second factor wants a person and cannot be used by a program: activate Google Authenticator "
    "for this user (it takes any authenticator app), or connect with an integration (OAuth)."
)
_CODE: Final = (
    "The one-time code was refused: check the secret of the authenticator app (reset it in System > "
    "Permissions > All Users > 2FA and give us the new one), and the clocks of both machines."
)
_CLOCK: Final = "Check the clocks of both machines; the shop accepts at most 600 seconds into the future."
_SIGNATURE: Final = (
    "Check consumer secret and access token secret for mix-ups. When they are right: behind a proxy that ends "
    "TLS the shop must be told of it (X-Forwarded-Proto), and the address must be the one the shop itself sees."
)

# Beginnings of Magento's texts before their placeholders are filled, and what to do.
_SIGN_IN_TEXTS: Final = {
    "The account sign-in was incorrect": _SIGN_IN,
    "Please ask an administrator with sufficient access to configure 2FA": _TWO_FACTOR_NONE,
    "You are required to configure personal Two-Factor Authorization": _TWO_FACTOR_PERSONAL,
    "Please use the 2fa provider-specific endpoints": _TWO_FACTOR_CODE,
    "Invalid code": _CODE,
    "The consumer isn't authorized to access": PERMISSION,
    "The signature is invalid": _SIGNATURE,
    "Signature method": "Magento 2.4.4 and later take HMAC-SHA256 only.",
    "The nonce is already being used": "A request was repeated with the same signature: sign every attempt.",
    "An error occurred validating the nonce": _CLOCK,
    "Access token has been revoked": "Reauthorize the integration: System > Extensions > Integrations.",
    "Specified token does not exist": "Copy the access token again, or reauthorize the integration.",
    "The token length is invalid": "Copy the access token again: it has 32 characters.",
    "A consumer having the specified key does not exist": "Copy the consumer key again.",
    "Consumer key is not the correct length": "Copy the consumer key again: it has 32 characters.",
    "Consumer key has expired": "Activate the integration again: the exchange must end within 5 minutes.",
}
_CONFIGURATION_TEXTS: Final = {
    "Request does not match any route": (
        "This shop has no such REST route: check the endpoint, and that the module it belongs to is on "
        "(Inventory Management for sources and source items)."
    ),
    "Specified request cannot be processed": (
        "The store code in the address is unknown: check it in Stores > All Stores, or leave it out."
    ),
}
_DATA_TEXTS: Final = {
    "Unique constraint violation found": (
        "A record with this key exists: look it up by increment_id and store_id before deciding anything."
    ),
    "Maximum SearchCriteria pageSize is": (
        "Ask for smaller pages, or raise Stores > Configuration > Services > Web API > Web API Limits "
        "(webapi/validation/maximum_page_size)."
    ),
    "Maximum items of type": (
        "Send fewer records at once, or raise Stores > Configuration > Services > Web API > Web API Limits "
        "(webapi/validation/complex_array_limit)."
    ),
    "Could not save a shipment": (
        "Magento says the same for three things: a Warehouse Code (source) that is unknown or not of this stock, too "
        "little of a product at that source, and a track without carrier code or title. Which one it was stands in "
        "var/log/exception.log of the shop."
    ),
    "The shipment couldn't be saved": "Ship through /V1/order/{id}/ship: /V1/shipment takes nothing from stock.",
    "Could not save Source Item": (
        "A source code in the list is unknown: nothing of the list was saved. See Stores > Sources."
    ),
    "Please provide payment for the order": "Send payment.method with the order, checkmo for one.",
    "Invalid product data": "A new product needs an attribute set of its kind, a name and a price.",
    "Server cannot understand Content-Type": "Send application/json, in lower case.",
    "Internal Error. Details are available in Magento log file": (
        "Look up the report id in var/log/exception.log of the shop. An unknown field in a filter or sort "
        "order is answered like this, too."
    ),
    "An error has happened during application run": (
        "Look into var/log/exception.log of the shop, and whether its database runs."
    ),
    "There has been an error processing your request": "Look up the record number in var/report of the shop.",
    "Server internal error. See details in report": "Look up the report in var/report/api of the shop.",
}
_ALL_TEXTS: Final = {**_SIGN_IN_TEXTS, **_CONFIGURATION_TEXTS, **_DATA_TEXTS}
_BY_STATUS: Final = {
    401: "The web server itself asks for a password before Magento is reached: let REST calls through.",
    403: "A firewall or the web server refuses us: allow this machine's address and the user agent.",
    404: NOT_MAGENTO,
    413: "Send less at once, or raise the web server's limit (client_max_body_size).",
    414: "The address is too long: ask for fewer values at once.",
    429: "The shop limits the number of requests: ask less often or with fewer workers.",
    503: "The shop is in maintenance or overloaded: wait (bin/magento maintenance:status).",
}
DEFAULTS: Final = {
    "Unclear": "Look in the shop whether it happened before sending it again.",
    "Transient": "Try again later.",
    "Rejected": "Correct what the message names, then send it again.",
    "ConfigurationError": NOT_MAGENTO,
    "NotFound": "Check the id: the record was deleted, or belongs to another shop.",
    "AlreadyExists": "Look the record up before deciding anything.",
    "SignInError": "Check the credentials of this connection.",
}


def find(found: WireError, status: int) -> str:
    """What to do about this answer; empty when no special advice is known."""
    for start, remedy in _ALL_TEXTS.items():
        if _says(found, start):
            usable = "google" in found.parameters.get("active_providers", "google")
            return remedy if usable or remedy is not _TWO_FACTOR_CODE else _TWO_FACTOR_OTHER
    if 300 <= status < 400:
        return (
            "The shop redirects: write the address it redirects to as the endpoint, mostly https:// or www."
        )
    return "" if found.origin in (Origin.MAGENTO, Origin.OAUTH) else _BY_STATUS.get(status, "")


def is_sign_in(found: WireError) -> bool:
    """Whether the shop does not let us in, whatever status it said that with."""
    return any(_says(found, start) for start in _SIGN_IN_TEXTS)


def is_configuration(found: WireError) -> bool:
    """Whether the address is wrong."""
    return any(_says(found, start) for start in _CONFIGURATION_TEXTS)


def _says(found: WireError, start: str) -> bool:
    return (found.template or found.message).startswith(start)
