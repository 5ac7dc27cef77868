"""What a scheme of quantisation needs of an accelerator."""

from __future__ import annotations

from hw_specs import Accelerator
from simulator.execution import Execution, ExecutionError
from simulator.quantization import Scheme, list_schemes, load_scheme

__all__ = ["require_products"]


def require_products(accelerator: Accelerator, execution: Execution) -> None:
    """Refuse a scheme whose products an accelerator lacks.

    Raises
    ------
    ExecutionError
        It lacks some; the message names the schemes that would do.
    """
    scheme = execution.quantization.scheme
    missing = () if scheme is None else _missing(scheme, accelerator)
    if scheme is not None and missing:
        would_do = [name for name in list_schemes() if not _missing(load_scheme(name), accelerator)]
        raise ExecutionError(
            f"{accelerator.name} has no {' and '.join(missing)} products, which {scheme.name} needs; "
            f"valid: {', '.join(would_do)}"
        )


def _missing(scheme: Scheme, accelerator: Accelerator) -> tuple[str, ...]:
    return tuple(name for name in scheme.needs if name not in accelerator.peak.matrix)
