"""Where a token is kept: the same as for any other HTTP authentication."""

from mageferry.http.vault import MemoryVault, Token, TokenVault

__all__ = ["MemoryVault", "Token", "TokenVault"]
