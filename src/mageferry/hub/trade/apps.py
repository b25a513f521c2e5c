from django.apps import AppConfig


class TradeConfig(AppConfig):
    name = "mageferry.hub.trade"
    label = "trade"
    verbose_name = "Trade"
