"""How the framework runs a workload: what the report calls ``execution``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple, Self

from hw_specs.terminal.meanings import unknown

from .kernels import AttentionAlgorithm
from .parallel.scheme import ONE_DEVICE, Scheme
from .quantization import UNQUANTIZED, Choice, QuantizationError, parse_choice
from .software import Software, newest_software

__all__ = [
    "ATTENTION_CHOICES",
    "EXECUTION_MODES",
    "FRAMEWORKS_CHOICE",
    "FUSED",
    "OFFLOADS",
    "Execution",
    "ExecutionError",
    "TriedKernel",
]

EXECUTION_MODES = ("eager", "cuda-graph", "compiled", "compiled-graph", "fused")
_COMPILED = ("compiled", "compiled-graph")

#: What the framework picks by itself, call by call.
FRAMEWORKS_CHOICE = "flash"
#: Fused attention kernels by the names under which they are asked for. ``flash2_paged`` is that of serving engines,
#: whose keys and values lie in pages; ``trtllm`` that of TensorRT-LLM. On ROCm ``flash2`` is AOTriton's, ``ck`` that
#: of FlashAttention's own package (Composable Kernel) and ``aiter`` the assembled one of AITER.
FUSED: Mapping[str, AttentionAlgorithm] = {
    "flash2": AttentionAlgorithm.FLASH2,
    "flash2_paged": AttentionAlgorithm.FLASH2_PAGED,
    "flash3": AttentionAlgorithm.FLASH3,
    "flash4": AttentionAlgorithm.FLASH4,
    "cudnn": AttentionAlgorithm.CUDNN,
    "trtllm": AttentionAlgorithm.TRTLLM,
    "ck": AttentionAlgorithm.CK,
    "aiter": AttentionAlgorithm.AITER,
    "efficient": AttentionAlgorithm.EFFICIENT,
}
ATTENTION_CHOICES = ("naive", FRAMEWORKS_CHOICE, *FUSED)

#: Where weights are while nothing computes with them: all on the device, or with the host in one of three ways
#: (:mod:`simulator.schedule.offload`).
OFFLOADS = ("none", "model", "sequential", "group")


class TriedKernel(NamedTuple):
    """Fused attention kernel that the framework tries, and the widest head for which it does; None for any."""

    algorithm: AttentionAlgorithm
    head: int | None = None


class ExecutionError(ValueError):
    """An execution mode, attention choice or scheme of quantisation that does not exist, or that a part cannot run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How the framework runs operators.

    Attributes
    ----------
    mode : {"eager", "cuda-graph", "compiled", "compiled-graph", "fused"}
        Eager launches every operator's kernels from Python. A CUDA graph launches the same kernels from the device.
        Compiled fuses pointwise chains (TorchInductor), keeps convolutions in channels-last and launches from a
        generated wrapper; as a graph (``torch.compile(mode="reduce-overhead")`` or ``"max-autotune"``) from the device.
        Fused is an engine made for diffusion models (TensorRT, OneDiff, stable-fast, AITemplate): as a compiled graph
        without checks on the host, with images and filters channels-last, and with what follows a product or a
        convolution element by element in its epilogue.
    attention : str
        One of :data:`ATTENTION_CHOICES`: ``naive`` stores the score matrix; ``flash`` is what the framework picks for
        each call; all others are a kernel by name, which runs every call of the component with the most attention work
        or is refused; another component that it cannot run takes what the framework picks.
    matmul_tf32 : bool
        ``torch.backends.cuda.matmul.allow_tf32``; off by default in torch.
    convolution_tf32 : bool
        ``torch.backends.cudnn.allow_tf32``; on by default in torch.
    autocast : bool
        Whether 16-bit products run under ``torch.autocast``, which keeps normalizations and softmax in float32.
    max_autotune : bool
        Whether a compiler tunes the kernels that it generates (``coordinate_descent_tuning``, which
        ``torch.compile(mode="max-autotune")`` turns on) and so generates products of one row too.
    channels_last : bool
        Whether images and weights lie in memory with channels innermost, so that convolutions need no conversion.
    components, channels_last_components : tuple of str
        Components of the pipeline that run in `mode`, and those that lie channels-last; all where none is named. The
        others run eager, and lie as they are made: scripts compile the denoiser and leave the rest alone.
    offload : {"none", "model", "sequential", "group"}
        Whether weights wait with the host: of whole components, of single modules, or of those while the one before
        computes.
    parallel : Scheme
        Over how many devices the work is split, and along what; one by default.
    quantize : str
        Scheme that weights and products of linear layers are quantised by (:mod:`simulator.quantization`), with the
        components that it is for after a colon: ``fp8-row:transformer,text_encoder``, ``fp8-row:all``; by default the
        one whose linear layers do the most work. ``none`` leaves all in the format of the run.
    software : Software
        Releases that choose the kernels; the newest framework by default.
    searched_convolutions : bool
        Whether the accelerator's library of convolutions takes tensors as they lie and launches the solver that it has
        found to be the fastest; not before one is known.
    kernels : tuple of AttentionAlgorithm
        Fused attention kernels that the accelerator has; all before one is known.
    tried : tuple of TriedKernel
        Those that the framework tries in turn there; what is tried everywhere before an accelerator is known.
    """

    mode: str = "eager"
    attention: str = "flash"
    matmul_tf32: bool = False
    convolution_tf32: bool = True
    autocast: bool = False
    max_autotune: bool = False
    channels_last: bool = False
    components: tuple[str, ...] = ()
    channels_last_components: tuple[str, ...] = ()
    offload: str = OFFLOADS[0]
    parallel: Scheme = ONE_DEVICE
    quantize: str = UNQUANTIZED
    software: Software = field(default_factory=newest_software)
    searched_convolutions: bool = False
    kernels: tuple[AttentionAlgorithm, ...] = tuple(AttentionAlgorithm)
    tried: tuple[TriedKernel, ...] = (
        TriedKernel(AttentionAlgorithm.FLASH2),
        TriedKernel(AttentionAlgorithm.EFFICIENT),
    )

    def __post_init__(self) -> None:
        """Refuse unknown choices."""
        for name, value, valid in (
            ("execution", self.mode, EXECUTION_MODES),
            ("attention", self.attention, ATTENTION_CHOICES),
            ("offload", self.offload, OFFLOADS),
        ):
            if value not in valid:
                raise ExecutionError(unknown(name, value, valid))
        try:
            parse_choice(self.quantize)
        except QuantizationError as error:
            raise ExecutionError(f"quantize: {error}") from error
        if self.mode in _COMPILED and not self.software.compiles:
            valid = tuple(mode for mode in EXECUTION_MODES if mode not in _COMPILED)
            raise ExecutionError(f"{self.software.name} has no compiler; valid: {', '.join(valid)}")
        if self.max_autotune and self.mode not in _COMPILED:
            raise ExecutionError(
                f"max-autotune is a choice of the compiler, and {self.mode} has none; valid: {', '.join(_COMPILED)}"
            )

    def of(self, component: str) -> Self:
        """How one component runs."""
        mode = self.mode if _holds(self.components, component) else "eager"
        laid_out = self.channels_last and _holds(self.channels_last_components, component)
        return replace(
            self,
            mode=mode,
            max_autotune=self.max_autotune and mode in _COMPILED,
            channels_last=laid_out or mode == "fused",
            components=(),
            channels_last_components=(),
        )

    @property
    def compiled(self) -> bool:
        """Whether a compiler makes the kernels."""
        return self.mode in _COMPILED or self.fuses_epilogues

    @property
    def fuses_epilogues(self) -> bool:
        """Whether products and convolutions compute what follows them element by element."""
        return self.mode == "fused"

    @property
    def quantization(self) -> Choice:
        """Scheme of quantisation, and the components that it is for."""
        return parse_choice(self.quantize)

    @property
    def attention_algorithm(self) -> AttentionAlgorithm | None:
        """Fused kernel that is asked for by name, None where it is the framework's choice or separate products."""
        return FUSED.get(self.attention)

    def to_dict(self) -> dict[str, Any]:
        """Plain form for reports, with the software by its name."""
        plain = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("kernels", "tried")}
        return {**plain, "software": self.software.name, "parallel": str(self.parallel)}

    @property
    def optimizes_layout(self) -> bool:
        """Whether the compiler keeps images channels-last between convolutions by itself."""
        if (
            self.searched_convolutions
        ):  # "layout_opt_default = "1" if not torch.version.hip else "0"" (_inductor/config.py)
            return self.fuses_epilogues
        return self.fuses_epilogues or (self.compiled and self.software.layout_optimization != "never")


def _holds(components: tuple[str, ...], component: str) -> bool:
    return not components or component in components
