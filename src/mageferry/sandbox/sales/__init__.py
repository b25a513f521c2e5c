"""The life of an order after it was placed: invoices, shipments, credit memos, and the states between them.

Pure logic over an order's record; ids, storage and stock come from the callers.
"""
