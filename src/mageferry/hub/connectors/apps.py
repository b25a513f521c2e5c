from django.apps import AppConfig


class ConnectorsConfig(AppConfig):
    name = "mageferry.hub.connectors"
    label = "connectors"
    verbose_name = "Connectors"
