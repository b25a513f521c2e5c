"""The shop's REST resources, one module each; every module ends in its part of the route table."""
