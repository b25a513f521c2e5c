"""Django's settings of the hub. What an operator may change is declared in `configuration.py`."""

from __future__ import annotations

import secrets
from typing import Any

import dj_database_url

from mageferry.hub.configuration import configuration
from mageferry.hub.logs import logging_settings
from mageferry.hub.security.encryption import read_or_make

_chosen = configuration()

SECRET_KEY = _chosen.secret_key or read_or_make(
    _chosen.home / "secret.key", lambda: secrets.token_urlsafe(50)
)
DEBUG = False
ALLOWED_HOSTS = list(_chosen.allowed_hosts)

INSTALLED_APPS = [
    # Before unfold: its dashboard is replaced by ours.
    "mageferry.hub.web",
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    # Serves the API's pages of documentation from here.
    "ninja",
    "mageferry.hub.security",
    "mageferry.hub.work",
    "mageferry.hub.trade",
    "mageferry.hub.connectors",
    "mageferry.hub.pipelines",
    "mageferry.hub.mapping",
    "mageferry.hub.flows",
    "mageferry.hub.routes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "mageferry.hub.urls"
WSGI_APPLICATION = "mageferry.hub.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]


def _database() -> dict[str, Any]:
    url = _chosen.database_url or f"sqlite:///{_chosen.home / 'hub.sqlite3'}"
    database: dict[str, Any] = dict(dj_database_url.parse(url))
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # WAL lets readers go on while one writes; IMMEDIATE makes a writer wait at the start of its
        # transaction instead of failing in the middle of it.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                "PRAGMA cache_size=-32000; PRAGMA temp_store=MEMORY;"
            ),
        }
        # Tests work with threads, so they need a file as well.
        database["TEST"] = {"NAME": str(_chosen.home / "test.sqlite3")}
    else:
        database["CONN_HEALTH_CHECKS"] = True
        database["CONN_MAX_AGE"] = 300
    return database


DATABASES = {"default": _database()}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "admin:login"

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = _chosen.time_zone

STATIC_URL = "static/"
# Served straight from the packages: nothing to collect before the first start.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = _chosen.https
CSRF_COOKIE_SECURE = _chosen.https
SECURE_SSL_REDIRECT = False
SECURE_HSTS_SECONDS = 31_536_000 if _chosen.https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _chosen.https else None
X_FRAME_OPTIONS = "DENY"

LOGGING = logging_settings(_chosen.log_level, _chosen.log_format)

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Mageferry",
    "SITE_HEADER": "Mageferry",
    "SITE_SYMBOL": "directions_boat",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "mageferry.hub.web.dashboard.fill",
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
}
