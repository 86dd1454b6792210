from typing_extensions import disjoint_base

spare: list[tuple[int, Memory]]

@disjoint_base
class Memory:
    @property
    def allocations(self) -> int: ...
