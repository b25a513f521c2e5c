"""HTTP clients and authentications as data: checked where it enters, with every problem named by its field."""

from mageferry.http.config.authentications import AUTHENTICATIONS
from mageferry.http.config.described import AuthenticationDescription, PluginDescription
from mageferry.http.config.errors import ConfigError, Problem, Unfit
from mageferry.http.config.fields import Description, FieldKind, FormField, form_fields
from mageferry.http.config.plugins import PLUGINS
from mageferry.http.config.reading import Catalogue, ClientDescription, WireDescription
from mageferry.http.config.setup import Setup
from mageferry.http.config.tools import Stores, Tools

__all__ = [
    "AUTHENTICATIONS",
    "PLUGINS",
    "AuthenticationDescription",
    "Catalogue",
    "ClientDescription",
    "ConfigError",
    "Description",
    "FieldKind",
    "FormField",
    "PluginDescription",
    "Problem",
    "Setup",
    "Stores",
    "Tools",
    "Unfit",
    "WireDescription",
    "form_fields",
]
