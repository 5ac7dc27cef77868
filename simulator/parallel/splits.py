"""What a scheme divides: the components that it concerns, and the axes of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tracer.graph import OpGraph, Stage, StorageRole
from tracer.operators import ATTENTIONS, CONVOLUTIONS, PRODUCTS, Kind, kind_of

from .axes import Dim
from .scheme import Scheme, SchemeError
from .survey import Call, Survey, heads_axis, length_axis, product_flops, survey_of

__all__ = ["Split", "split_of"]

# Classes of weights that are less arithmetic than this share of the most are left whole: embeddings of time and size.
_LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Division of one component.

    Attributes
    ----------
    survey : Survey
    devices : mapping of int to int
        Number of devices by axis.
    tokens : int
        Axis of the sequence, or -1.
    passes : int
        Devices that share the passes of guidance which follow one another; 1 where they are one batch.
    """

    survey: Survey
    devices: dict[int, int] = field(default_factory=dict)
    tokens: int = -1
    passes: int = 1


def split_of(graph: OpGraph, scheme: Scheme) -> dict[str, Split]:
    """Division of each component that a scheme divides; the others run on every device.

    Raises
    ------
    SchemeError
        The workload cannot be split so; the message says what would do.
    """
    splits: dict[str, Split] = {}
    names = _main_components(graph)
    for name in names if scheme.tensor * scheme.patches * scheme.cfg > 1 else ():
        splits[name] = _main_split(graph, name, scheme)
    if scheme.patch > 1:
        splits |= _decoder_splits(graph, names, scheme.patch)
    return splits


def _main_components(graph: OpGraph) -> tuple[str, ...]:
    """Component with the most arithmetic, and those of its name that take turns with it."""
    work: Counter[str] = Counter()
    for stage in graph.stages:
        work[stage.component] += stage.repeats * _flops(graph, stage)
    main = max(work, key=lambda name: work[name])
    return tuple(name for name in work if name.startswith(main) or main.startswith(name))


def _flops(graph: OpGraph, stage: Stage) -> int:
    counts = Counter(stage.operators.tolist())
    return sum(calls * _operator_flops(graph, at) for at, calls in counts.items())


def _operator_flops(graph: OpGraph, at: int) -> int:
    op = graph.operators[at]
    kind = kind_of(op.name)
    if kind in CONVOLUTIONS:
        weight = op.inputs[1]
        return 2 * op.outputs[0].numel * weight.numel // max(weight.shape[0], 1)
    return product_flops(op) if kind in PRODUCTS else 0


def _main_split(graph: OpGraph, name: str, scheme: Scheme) -> Split:
    survey = survey_of(graph, name)
    devices: dict[int, int] = {}
    tokens = -1
    if scheme.patches > 1:
        tokens = _token_axis(graph, survey, name)
        devices[tokens] = scheme.patches
    if scheme.tensor > 1:
        devices |= dict.fromkeys(_tensor_axes(graph, survey, name, scheme.tensor), scheme.tensor)
    passes = 1
    if scheme.cfg > 1:
        axis = _guidance_axis(graph, survey)
        passes = scheme.cfg if axis < 0 else 1
        devices |= {} if axis < 0 else {axis: scheme.cfg}
        if axis < 0:
            _require_passes(graph, name)
    return Split(survey=survey, devices=devices, tokens=tokens, passes=passes)


def _token_axis(graph: OpGraph, survey: Survey, name: str) -> int:
    """Axis of the tokens that the most work of attention asks of."""
    if graph.workload.max_new_tokens is not None:
        raise SchemeError(
            f"{graph.name} generates token by token; valid: tensor=, data= in place of ulysses=, ring=, pipefusion="
        )
    main = survey.main_attention()
    if main is None or survey.convolves():
        raise SchemeError(
            f"{name} of {graph.name} convolves images and has no sequence of tokens; valid: cfg=, data=, patch= "
            "in place of ulysses=, ring=, pipefusion="
        )
    return _outer(survey, main.inputs[0][length_axis(main.op)])


def _outer(survey: Survey, dim: Dim) -> int:
    return survey.axes.root(dim[0].axis) if dim else -1


def _guidance_axis(graph: OpGraph, survey: Survey) -> int:
    """Axis of a batch that holds both passes of guidance; -1 where they follow one another.

    Raises
    ------
    SchemeError
        There is one pass.
    """
    workload, main = graph.workload, survey.main_attention()
    if not workload.guided or main is None:
        raise SchemeError(f"{graph.name} has no second pass of guidance here; valid: cfg=1")
    batch = main.op.inputs[0].shape[0]
    return _outer(survey, main.inputs[0][0]) if batch % 2 == 0 and batch >= 2 * workload.batch else -1


def _require_passes(graph: OpGraph, name: str) -> None:
    """Check that the stages of a component run twice a step."""
    repeats = [stage.repeats for stage in graph.stages if stage.component == name]
    steps = graph.workload.num_inference_steps or 0
    if sum(repeats) < 2 * steps and any(n % 2 for n in repeats):
        raise SchemeError(f"{graph.name} makes one pass a step: guidance is an input of it; valid: cfg=1")


def _tensor_axes(graph: OpGraph, survey: Survey, name: str, devices: int) -> list[int]:
    """Axes of heads and of hidden layers: columns of one weight and rows of the next; and the vocabulary.

    The stream between the layers is both too, but norms take statistics of it: it stays whole (Megatron-LM).
    """
    columns, sums, normalized, extents = Counter[int](), Counter[int](), set[int](), dict[int, int]()
    heads = _heads(survey, devices, graph.name)
    for call in survey.iter_calls():
        normalized |= {axis for dim in call.walk.reduced for axis in survey.axes.roots(dim)}
        if kind_of(call.op.name) in PRODUCTS and _has_weight(graph, call):
            flops = product_flops(call.op)
            for axis in survey.axes.roots(call.walk.summed)[:1]:
                sums[axis] += flops
            for axis in survey.axes.roots(call.outputs[0][-1])[:1]:
                columns[axis] += flops
                extents[axis] = call.op.outputs[0].shape[-1]
    inner = [axis for axis in columns if axis in sums and (axis in heads or axis not in normalized) and axis >= 0]
    if not inner:
        raise SchemeError(f"{name} of {graph.name} has no pair of projections to split; valid: tensor=1")
    work = {axis: min(sums[axis], columns[axis]) for axis in inner}
    chosen = [axis for axis in inner if work[axis] >= _LEAST_SHARE * max(work.values())]
    for axis in chosen:
        if extents[axis] % devices:
            raise SchemeError(f"tensor={devices} does not divide {extents[axis]} columns of {name} of {graph.name}")
    return [*chosen, *(axis for axis, rows in _vocabulary(survey) if rows % devices == 0)]


def _has_weight(graph: OpGraph, call: Call) -> bool:
    return any(graph.storage_roles[storage] == StorageRole.PARAMETER for storage in call.read)


def _heads(survey: Survey, devices: int, model: str) -> set[int]:
    """Axes of heads, each of which the devices divide."""
    found: set[int] = set()
    for call in survey.iter_calls():
        if kind_of(call.op.name) not in ATTENTIONS or len(call.inputs[0]) < 4:
            continue
        at = heads_axis(call.op)
        fewest = min(tensor.shape[at] for tensor in call.op.inputs[:2])
        if fewest % devices:
            valid = ", ".join(str(n) for n in range(1, fewest + 1) if fewest % n == 0)
            raise SchemeError(f"tensor={devices} does not divide the {fewest} heads of {model}; valid: {valid}")
        found.add(_outer(survey, call.inputs[0][at]))
    return found


def _vocabulary(survey: Survey) -> Iterator[tuple[int, int]]:
    """Axes of a table of tokens and of the last product where that has as many columns, with their extents."""
    tables = [c for c in survey.iter_calls() if kind_of(c.op.name) is Kind.GATHER and c.walk.summed]
    for calls in survey.calls.values():
        last = next((call for call in reversed(calls) if kind_of(call.op.name) in PRODUCTS), None)
        if last is None:
            continue
        columns = last.op.outputs[0].shape[-1]
        for table in (call for call in tables if call.op.inputs[0].shape[0] == columns):
            yield _outer(survey, table.walk.summed), columns
            yield _outer(survey, last.outputs[0][-1]), columns


def _decoder_splits(graph: OpGraph, main: Sequence[str], devices: int) -> dict[str, Split]:
    """Rows of the images of the convolutional components that run after the denoiser."""
    last = max(at for at, stage in enumerate(graph.stages) if stage.component in main)
    names = dict.fromkeys(stage.component for stage in graph.stages[last + 1 :] if stage.component not in main)
    found: dict[str, Split] = {}
    for name in names:
        survey = survey_of(graph, name)
        axes = {_outer(survey, call.inputs[0][-2]) for call in survey.iter_calls() if any(call.walk.spread)} - {-1}
        if axes:
            found[name] = Split(survey=survey, devices=dict.fromkeys(axes, devices))
    if not found:
        raise SchemeError(f"{graph.name} decodes without convolutions of an image; valid: patch=1")
    return found
