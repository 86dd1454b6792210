from typing_extensions import disjoint_base

spare: list[Memory]

@disjoint_base
class Memory:
    @property
    def allocations(self) -> int: ...
