"""Everything at once and everything failing: orders, shipments and refunds both ways, with faults and killed workers.

`make chaos` runs 20 seeds in a short form, `make chaos-long` a thousand orders. At the end hub and shops are compared:
nothing may be lost, nothing doubled, and every failure must be explained.
"""
