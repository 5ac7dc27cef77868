"""Denoising steps in which the blocks of a transformer are skipped: a graph with fewer calls in some of its runs.

Neighbouring steps change the hidden states in nearly the same way, so that what the blocks added in an earlier step can
be added again in place of running them. Three ways, which differ in what decides:

``teacache``
    The modulated input of the first block is compared with that of the step before (Liu et al., arXiv:2411.19108;
    ali-vilab/TeaCache, TeaCache4FLUX/teacache_flux.py: ``transformer_blocks[0].norm1``, then ``(now - before).abs()
    .mean() / before.abs().mean()``). Skipped are all blocks.
``first-block``
    The first block always runs, and what it adds is compared with what it added the step before (ParaAttention's First
    Block Cache; diffusers, hooks/first_block_cache.py). Skipped are the others.
``fixed``
    The schedule decides, so that nothing is compared.

Embeddings, the last norm and the projection always run. A run of all blocks keeps what they added, a skipped one adds
it. That the host waits for each comparison is left out, tens of microseconds a run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hw_specs.terminal.meanings import did_you_mean

from .errors import GraphError
from .graph import IndexArray, Op, OpGraph, Stage, StorageRole, TensorSpec

__all__ = ["SCHEMES", "StepCache", "with_step_cache"]

SCHEMES = ("teacache", "first-block", "fixed")

# Lists of blocks, by the names under which models of diffusers have them (hooks/_common.py).
_LISTS = frozenset(
    {
        "blocks",
        "transformer_blocks",
        "single_transformer_blocks",
        "layers",
        "visual_transformer_blocks",
        "temporal_transformer_blocks",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StepCache:
    """Way of skipping, and the share of the denoiser's runs that are skipped. [1]"""

    scheme: str
    share: float

    @classmethod
    def parse(cls, text: str) -> StepCache:
        """``teacache=0.4``, ``first-block=0.4``, ``fixed=0.4`` or ``0.4``, which is the last.

        Raises
        ------
        GraphError
            No such way, or no share below 1.
        """
        name, equals, number = text.strip().rpartition("=")
        scheme = name.strip().lower().replace("_", "-") if equals else "fixed"
        if scheme not in SCHEMES:
            raise GraphError(
                f"step_cache: unknown {scheme!r}{did_you_mean(scheme, SCHEMES) or ';'} "
                f"valid: {', '.join(f'{s}=SHARE' for s in SCHEMES)}, SHARE"
            )
        try:
            share = float(number)
        except ValueError:
            share = -1.0
        if not 0 <= share < 1:
            raise GraphError(f"step_cache {text}: the share of skipped steps must be a number from 0 to below 1")
        return cls(scheme=scheme, share=share)

    def __str__(self) -> str:
        """Text as it is parsed."""
        return f"{self.scheme}={self.share:g}"

    def skipped(self, runs: int) -> int:
        """Of so many runs, how many are skipped; the first one never is."""
        return min(round(self.share * runs), runs - 1)


class _Call(NamedTuple):
    """A call by the numbers that a stage's columns hold."""

    operator: int
    module: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def with_step_cache(graph: OpGraph, cache: StepCache, denoisers: Collection[str]) -> OpGraph:
    """Graph in which a share of the denoisers' runs skips the blocks: a stage ``<name>_cached`` beside each.

    Raises
    ------
    GraphError
        No denoiser has a list of blocks.
    """
    rewriting = _Rewriting(graph, cache)
    stages: list[Stage] = []
    for stage in graph.stages:
        stages += rewriting.stages(stage) if stage.component in denoisers else [stage]
    if not rewriting.found:
        raise GraphError(f"{graph.name} has no list of transformer blocks to skip: step_cache does not apply to it")
    return rewriting.graph(stages)


class _Rewriting:
    """State of one call of :func:`with_step_cache`."""

    def __init__(self, graph: OpGraph, cache: StepCache) -> None:
        self.found = False
        self._graph, self._cache = graph, cache
        self._operators = {op: number for number, op in enumerate(graph.operators)}
        self._sizes, self._roles = graph.storage_bytes.tolist(), graph.storage_roles.tolist()

    def stages(self, stage: Stage) -> list[Stage]:
        """A stage's runs with all blocks, and those without."""
        calls = list(_calls(self._graph, stage))
        blocks = [_block_of(self._graph.modules[call.module]) for call in calls]
        at = [position for position, block in enumerate(blocks) if block]
        if not at:
            return [stage]
        self.found = True
        first, last = at[0], at[-1]
        before, inside, after = calls[:first], calls[first : last + 1], calls[last + 1 :]
        hidden = self._hidden(inside, after)
        head = [call for call, block in zip(inside, blocks[first : last + 1], strict=True) if block == blocks[first]]
        again, then = self._decision(head, hidden)
        kept = self._storage(hidden, StorageRole.INPUT)
        added = self._call(
            "aten::sub", inside[-1].module, (hidden, self._new(hidden)), (replace(hidden, storage=kept),)
        )
        full = [*before, *again, *inside, *then, added, *after]
        runs = self._head(head, again)
        reused = self._call("aten::add", inside[-1].module, (hidden, replace(hidden, storage=kept)), (hidden,))
        skipped = self._cache.skipped(stage.repeats)
        rest = [*before, *runs, *then, reused, *after]
        found = _with_calls(replace(stage, repeats=stage.repeats - skipped), full)
        cached = _with_calls(replace(stage, name=f"{stage.name}_cached", repeats=skipped), rest)
        return [found, cached] if skipped else [found]

    def _hidden(self, inside: list[_Call], after: list[_Call]) -> TensorSpec:
        """What is read after the blocks of what they write: the largest such tensor."""
        written = {storage for call in inside for storage in call.outputs}
        read = [
            replace(tensor, storage=storage)
            for call in after
            for tensor, storage in zip(self._graph.operators[call.operator].inputs, call.inputs, strict=True)
            if storage in written
        ]
        if not read:
            raise GraphError(f"{self._graph.name}: nothing is read of what its blocks write; step_cache does not apply")
        largest = max(read, key=lambda tensor: tensor.numel)
        return TensorSpec(largest.shape, largest.dtype, (), largest.storage)

    def _decision(self, head: list[_Call], hidden: TensorSpec) -> tuple[list[_Call], list[_Call]]:
        """Calls of the first block that a decision repeats, and those of the comparison."""
        if self._cache.scheme == "fixed":
            return [], []
        module = head[-1].module
        now, before = self._new(hidden), replace(hidden, storage=self._storage(hidden, StorageRole.INPUT))
        calls = []
        if self._cache.scheme == "first-block":
            calls.append(self._call("aten::sub", module, (hidden, self._new(hidden)), (now,)))
        calls += self._comparison(module, now, before)
        norm = [call for call in head if _is_first_norm(self._graph.modules[call.module])]
        return (norm if self._cache.scheme == "teacache" else []), calls

    def _comparison(self, module: int, now: TensorSpec, before: TensorSpec) -> Iterator[_Call]:
        """``(now - before).abs().mean() / before.abs().mean()``."""
        means = []
        difference = self._new(now)
        yield self._call("aten::sub", module, (now, before), (difference,))
        for tensor in (difference, before):
            size, mean = self._new(tensor), self._new(TensorSpec((), tensor.dtype))
            yield self._call("aten::abs", module, (tensor,), (size,))
            yield self._call("aten::mean", module, (size,), (mean,))
            means.append(mean)
        yield self._call("aten::div", module, tuple(means), (self._new(means[0]),))

    def _head(self, head: list[_Call], again: list[_Call]) -> list[_Call]:
        """What runs of the blocks where they are skipped."""
        return head if self._cache.scheme == "first-block" else again

    def _new(self, tensor: TensorSpec) -> TensorSpec:
        """Tensor alike in a storage of its own."""
        return replace(tensor, storage=self._storage(tensor, StorageRole.ACTIVATION))

    def _storage(self, tensor: TensorSpec, role: StorageRole) -> int:
        """Storage of a tensor's size; what an earlier run has left is an input."""
        self._sizes.append(tensor.nbytes)
        self._roles.append(int(role))
        return len(self._sizes) - 1

    def _call(self, name: str, module: int, inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...]) -> _Call:
        plain = Op(name, tuple(replace(t, storage=-1) for t in inputs), tuple(replace(t, storage=-1) for t in outputs))
        number = self._operators.setdefault(plain, len(self._operators))
        return _Call(number, module, tuple(t.storage for t in inputs), tuple(t.storage for t in outputs))

    def graph(self, stages: list[Stage]) -> OpGraph:
        """The graph with rewritten stages."""
        return replace(
            self._graph,
            operators=tuple(self._operators),
            stages=tuple(stages),
            storage_bytes=np.array(self._sizes, dtype=np.int64),
            storage_roles=np.array(self._roles, dtype=np.int64),
        )


def _calls(graph: OpGraph, stage: Stage) -> Iterator[_Call]:
    start, end = 0, 0
    for operator, module in zip(stage.operators.tolist(), stage.modules.tolist(), strict=True):
        op = graph.operators[operator]
        inputs = stage.inputs[start : start + len(op.inputs)].tolist()
        outputs = stage.outputs[end : end + len(op.outputs)].tolist()
        yield _Call(operator, module, tuple(inputs), tuple(outputs))
        start, end = start + len(op.inputs), end + len(op.outputs)


def _block_of(module: str) -> tuple[str, ...]:
    """Component, list and number of the block that a module is part of; nothing where it is of none."""
    parts = tuple(module.split("."))
    return parts[:3] if len(parts) > 2 and parts[1] in _LISTS and parts[2].isdecimal() else ()


def _is_first_norm(module: str) -> bool:
    """Whether a module is the norm at the begin of a block, with its modulation."""
    return len(module.split(".")) > 3 and module.split(".")[3] == "norm1"


def _with_calls(stage: Stage, calls: list[_Call]) -> Stage:
    return replace(
        stage,
        operators=_array([call.operator for call in calls]),
        modules=_array([call.module for call in calls]),
        inputs=_array([storage for call in calls for storage in call.inputs]),
        outputs=_array([storage for call in calls for storage in call.outputs]),
    )


def _array(values: list[int]) -> IndexArray:
    return np.array(values, dtype=np.int64)
