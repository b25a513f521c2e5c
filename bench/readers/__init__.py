"""One module per way to read orders. Each runs in a process, and often an environment, of its own.

Only the standard library and what a module measures may be imported here.
"""
