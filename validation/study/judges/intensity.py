"""Arithmetic intensity: FLOPs by byte of weights, and what it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from validation.study.findings import Finding, Tables, UntestableError, listed, models_of, named_table

__all__ = ["intensity_gap", "intensity_gap_by_length", "intensity_over_ridge", "weight_reuse"]


def _column(tables: Tables, column: str, names: Sequence[str]) -> dict[str, float]:
    table = named_table(tables, "roofline")
    return {name: table.number(column, model=name) for name in names}


def _models(tables: Tables, kind: Mapping[str, str]) -> list[str]:
    return models_of(named_table(tables, "roofline"), **kind)


def _present(tables: Tables, names: Sequence[str]) -> list[str]:
    suite = named_table(tables, "roofline").distinct("model")
    found = [name for name in names if name in suite]
    if not found:
        raise UntestableError(f"none of {', '.join(names)} is in the suite")
    return found


def intensity_gap_by_length(tables: Tables, *, models: Mapping[str, str], over: str) -> Finding:
    """Largest ratio of :func:`intensity_gap` over one language model, by the length of its prompt.

    ``longest`` is the gap at the longest prompt, ``shortest`` at the shortest.
    """
    most = max(_column(tables, "intensity_weights", _models(tables, models)).values())
    table = named_table(tables, "roofline_lengths")
    lengths, found = (table.numbers(name, model=over) for name in ("prompt_length", "intensity_weights"))
    if not found:
        raise UntestableError(f"no lengths of {over}")
    gaps = {f"{length:.0f} tokens": most / value for length, value in sorted(zip(lengths, found, strict=True))}
    return Finding(
        ours=f"over {over} by its prompt {listed(gaps, '{:.0f}x')}",
        values={"shortest": max(gaps.values()), "longest": min(gaps.values())},
    )


def intensity_gap(tables: Tables, *, models: Mapping[str, str], over: Sequence[str]) -> Finding:
    """Largest ratio of FLOPs of an inference per byte of weights, of a kind of models over named ones: ``gap``."""
    ours = _column(tables, "intensity_weights", _models(tables, models))
    others = _column(tables, "intensity_weights", _present(tables, over))
    gap = max(ours.values()) / min(others.values())
    steps = _column(tables, "intensity_step", _models(tables, models))
    language = _column(tables, "intensity_step", _models(tables, {"task": "LLM"}))
    step_gap = max(steps.values()) / min(language.values())
    return Finding(
        ours=f"{gap:.0f}x over the whole inference; {step_gap:.0f}x for one step of the main stage",
        values={"gap": gap, "step_gap": step_gap},
        evidence=f"FLOP/B of weights: {listed(ours, '{:.0f}')} against {listed(others, '{:.0f}')}.",
    )


def weight_reuse(tables: Tables, *, models: Mapping[str, str], over: Sequence[str]) -> Finding:
    """Most runs of the main stage, of a kind of models over named ones: ``ratio``."""
    table, names = named_table(tables, "taxonomy"), _present(tables, over)
    steps = {model: table.number("runs", model=model) for model in models_of(table, **models)}
    tokens = {name: table.number("runs", model=name) for name in names}
    one = _column(tables, "intensity_step", [*_models(tables, models), *names])
    return Finding(
        ours=f"runs of the main stage: {listed(steps, '{:.0f}')} against {listed(tokens, '{:.0f}')}",
        values={"ratio": max(steps.values()) / max(tokens.values())},
        evidence=f"One run uses each weight for {listed(one, '{:.0f}')} FLOP/B.",
    )


def intensity_over_ridge(tables: Tables, *, models: Mapping[str, str]) -> Finding:
    """Least FLOPs of one step of the main stage per byte of its weights, over the ridge: ``lowest_ratio``."""
    names = _models(tables, models)
    steps = _column(tables, "intensity_step", names)
    ridge = named_table(tables, "roofline").numbers("ridge")[0]
    moved = _column(tables, "intensity_traffic", names)
    shares = _column(tables, "compute_bound_share", names)
    return Finding(
        ours=f"{listed(steps, '{:.0f}')} FLOP/B of weights in one step, ridge at {ridge:.0f}",
        values={"lowest_ratio": min(steps.values()) / ridge},
        evidence=(
            f"Counted by what kernels move it is {listed(moved, '{:.0f}')} FLOP/B, and arithmetic bounds "
            f"{listed(shares)} of the kernel time."
        ),
    )
