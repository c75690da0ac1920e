from featkit._utils.typing import Array

def supported_variants() -> list[str]: ...
def add_values(
    variant: str,
    arrays: dict[str, Array],
    x: Array,
    phi: Array,
    columns: int,
    classes: int,
    levels: int,
) -> None: ...
