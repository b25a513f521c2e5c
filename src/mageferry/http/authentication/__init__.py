"""One module per kind of authentication; each is a middleware between retry and log."""
