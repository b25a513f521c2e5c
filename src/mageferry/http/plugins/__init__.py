"""One module per plugin; each is a middleware that knows its stage."""
