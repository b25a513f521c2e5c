"""Each type of plugin and authentication with every option it has; the secrets are canaries."""

from __future__ import annotations

from typing import Any, Final

CANARY: Final = "CANARY-5e1f"

_TOKEN_ENDPOINT: Final[dict[str, Any]] = {
    "token_url": "https://id.example/token",
    "client_id": "hub",
    "client_secret": f"{CANARY}-client",
    "secret_in": "body",
    "assertion_algorithm": "HS256",
    "assertion_key": f"{CANARY}-assertion-key-of-at-least-32-bytes",
    "scope": "orders stock",
    "extra": {"audience": "https://api.example"},
    "secret_extra": {"device": f"{CANARY}-device"},
    "client": "gate",
}

AUTHENTICATIONS: Final[dict[str, dict[str, Any]]] = {
    "bearer": {"token": f"{CANARY}-token"},
    "basic": {"username": "hub", "password": f"{CANARY}-password"},
    "digest": {"username": "hub", "password": f"{CANARY}-password"},
    "query_param": {"name": "key", "value": f"{CANARY}-value"},
    "request": {
        "uri": "https://id.example/token",
        "method": "PUT",
        "encoder": "form",
        "parameters": {"user": "hub"},
        "secrets": {"password": f"{CANARY}-password"},
        "headers": {"Accept": "text/plain"},
        "secret_headers": {"X-Api-Key": f"{CANARY}-key"},
        "client": "gate",
        "header": "X-Auth",
        "source": "body",
        "template": "Token &{access}",
        "cache": False,
        "expires_in": "&{seconds}",
        "lifetime_seconds": 60.0,
        "failed": "error",
        "refused": "body.code == `7`",
        "refused_statuses": "401, 403",
    },
    "oauth1": {
        "consumer_key": "hub",
        "consumer_secret": f"{CANARY}-consumer",
        "access_token": f"{CANARY}-token",
        "access_token_secret": f"{CANARY}-token-secret",
        "signature_method": "HMAC-SHA1",
        "private_key": f"{CANARY}-pem",
        "realm": "shop",
    },
    "oauth2_client_credentials": _TOKEN_ENDPOINT,
    "oauth2_password": {**_TOKEN_ENDPOINT, "username": "hub", "password": f"{CANARY}-password"},
    "oauth2_refresh": {**_TOKEN_ENDPOINT, "refresh_token": f"{CANARY}-refresh"},
    "oauth2_authorization_code": {
        **_TOKEN_ENDPOINT,
        "authorize_url": "https://id.example/authorize",
        "redirect_uri": "https://hub.example/back",
        "refresh_token": f"{CANARY}-refresh",
    },
    "jwt": {
        "algorithm": "HS512",
        "key": f"{CANARY}-key-of-at-least-thirty-two-bytes-or-more-for-the-longest-hash-there-is",
        "claims": {"iss": "hub", "roles": ["read"]},
        "headers": {"kid": "1"},
        "lifetime_seconds": 30.0,
        "header": "X-Auth",
        "prefix": "",
    },
    "aws_sigv4": {
        "region": "eu-west-1",
        "service": "execute-api",
        "access_key_id": "AKID",
        "secret_access_key": f"{CANARY}-key",
        "session_token": f"{CANARY}-session",
    },
    "magento_integration": {
        "endpoint": "https://shop.example",
        "consumer_key": f"{CANARY}-1",
        "consumer_secret": f"{CANARY}-2",
        "access_token": f"{CANARY}-3",
        "access_token_secret": f"{CANARY}-4",
        "signature_method": "HMAC-SHA1",
        "path_rule": "reserved",
    },
    "magento_admin_token": {
        "endpoint": "https://shop.example",
        "username": "hub",
        "password": f"{CANARY}-password",
        "totp_secret": f"{CANARY}-totp",
    },
}

PLUGINS: Final[dict[str, dict[str, Any]]] = {
    "base_uri": {"uri": "https://erp.example/api"},
    "log": {"formatter": "curl"},
    "content_type": {},
    "content_length": {},
    "header_defaults": {"headers": {"Accept": "application/json"}, "secrets": {"X-Key": f"{CANARY}-key"}},
    "header_set": {"headers": {"X-Stage": "${STAGE}"}, "secrets": {"X-Key": f"{CANARY}-key"}},
    "header_append": {"headers": {"Via": "hub"}, "secrets": {"X-Key": f"{CANARY}-key"}},
    "header_remove": {"names": ["X-Gone"]},
    "query_defaults": {"parameters": {"lang": "de"}, "secrets": {"key": f"{CANARY}-key"}},
    "cookies": {},
    "redirect": {"hops": 2},
    "decode": {"encodings": ["gzip"]},
    "retry": {
        "attempts": 2,
        "statuses": "500-599",
        "exceptions": ["timed_out"],
        "first_wait_seconds": 0.1,
        "longest_wait_seconds": 1.0,
        "longest_retry_after_seconds": 5.0,
        "any_method": True,
    },
    "rate_limit": {
        "requests": 10,
        "interval_seconds": 2.0,
        "concurrency": 3,
        "header": {"name": "X-Left", "threshold": 1, "wait_seconds": 2.0},
        "key": "erp",
    },
    "cache": {"ttl_seconds": 5.0, "respects_headers": False},
    "expect": {"statuses": "200-299, 404"},
}
