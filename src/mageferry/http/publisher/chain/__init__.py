"""Chain HTTP publisher: several requests for one entity, in order, resumable after each."""

from mageferry.http.publisher.chain.described import Action, ChainDescription
from mageferry.http.publisher.chain.ids import IdMap, MemoryIdMap
from mageferry.http.publisher.chain.running import Chain, ChainResult
from mageferry.http.publisher.chain.state import ChainState, ChainStateError, Finished

__all__ = [
    "Action",
    "Chain",
    "ChainDescription",
    "ChainResult",
    "ChainState",
    "ChainStateError",
    "Finished",
    "IdMap",
    "MemoryIdMap",
]
