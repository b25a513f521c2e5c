"""The demo: two sandbox shops, a connector each, marketplace orders, and the proof that nothing was lost or doubled."""
