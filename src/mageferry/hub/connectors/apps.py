from importlib import import_module

from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "mageferry.hub.connectors"
    label = "connectors"
    verbose_name = "Connectors"

    def ready(self) -> None:
        # They declare the handlers of their units of work.
        import_module("mageferry.hub.connectors.handshake")
        import_module("mageferry.hub.connectors.probing")
