"""Kontorhaus: an ERP. HTTP basic, numbered pages, stock as JSON, products as XML or CSV, sales orders by reference."""
