"""Quayside Market: a marketplace that sells for others. OAuth 2 client credentials, JSON, pages by a next link."""
