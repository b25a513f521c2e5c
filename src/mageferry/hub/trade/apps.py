from importlib import import_module

from django.apps import AppConfig


class TradeConfig(AppConfig):
    name = "mageferry.hub.trade"
    label = "trade"
    verbose_name = "Trade"

    def ready(self) -> None:
        # Declares kinds of lines.
        import_module("mageferry.hub.trade.transfer")
