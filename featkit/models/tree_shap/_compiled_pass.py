"""SHAP values of trees by the compiled core, if the package was installed with a compiler."""

from __future__ import annotations

from featkit._utils.compiled import compiled_core
from featkit._utils.typing import Array
from featkit.models.tree_shap.nodes import Nodes
from featkit.models.tree_shap.points import Factors

core = compiled_core("featkit.models.tree_shap._core")


def add_values(nodes: Nodes, own: Factors, x: Array, phi: Array, variant: str = "") -> None:
    """Add the SHAP values of some trees.

    Parameters
    ----------
    nodes, own, x, phi
        As for `featkit.models.tree_shap._numpy_pass.add_values`, contiguous.
    variant : str, optional
        Instruction set; by default the best one.
    """
    assert core is not None
    arrays = nodes._asdict() | own._asdict()
    columns, classes = phi.shape[1:3]
    levels = int(nodes.depth.max()) + 1
    chosen = variant or core.supported_variants()[-1]
    core.add_values(chosen, arrays, x, phi, columns, classes, levels)
