"""Judges of what the study states of the models: components, intensity, sequence lengths, phases."""

from __future__ import annotations

from collections.abc import Mapping

from .claims import Finding, Judge, UntestableError, Verdict, agreement, named_table
from .judged_shares import listed, models_of
from .lengths import largest_step, range_ratio
from .table import Cell, Table

__all__ = ["JUDGES"]

Tables = Mapping[str, Table]

_DIFFUSION_TTI: dict[str, Cell] = {"task": "TTI", "architecture": "diffusion", "stand_in": False}
_TRANSFORMER_TTI: dict[str, Cell] = {"task": "TTI", "architecture": "transformer", "stand_in": False}
_TOKEN_DECODERS: tuple[str, ...] = ("LLaMA2", "Parti")
_TTI_OF_TABLE = ("Imagen", "Stable Diffusion", "Muse", "Parti")


def _statement_of_method(what: str) -> Judge:
    def judged(tables: Tables) -> Finding:
        return Finding(ours="", verdict="untestable", why=what)

    return judged


def suite_of_eight(tables: Tables) -> Finding:
    """S6."""
    table = named_table(tables, "taxonomy")
    stand_ins = models_of(table, stand_in=True)
    return Finding(
        ours=f"{len(table.rows)} models, of which {len(stand_ins)} stand-in",
        verdict="untestable",
        why=(
            "A choice of method. We run the same eight, as remembered; Prod Image is not disclosed, and what stands in "
            "for it enters no claim. Size and lengths of the study's LLaMA are not public: 7B, 2048 tokens in, 128 out."
        ),
    )


def several_components(tables: Tables) -> Finding:
    """S14."""
    stages, table = named_table(tables, "stages"), named_table(tables, "taxonomy")
    missing = [name for name in _TTI_OF_TABLE if name not in table.distinct("model")]
    if missing:
        raise UntestableError(f"{', '.join(missing)} not in the suite")
    components = {name: len(stages.distinct("component", model=name)) for name in _TTI_OF_TABLE}
    kinds = {name: next(iter(table.where(model=name)))["architecture"] for name in _TTI_OF_TABLE}
    right = [kinds[name] for name in _TTI_OF_TABLE] == ["diffusion", "diffusion", "transformer", "transformer"]
    return Finding(
        ours=f"components: {listed(components, '{}')}; two diffusion, two transformer",
        verdict=agreement(right and min(components.values()) > 1),
        why="components have weights of their own; independence of their training is not in a graph",
    )


def _rooflines(tables: Tables, column: str, **wanted: Cell) -> dict[str, float]:
    table = named_table(tables, "roofline")
    return {model: table.number(column, model=model) for model in models_of(table, **wanted)}


def _autoregressive(tables: Tables) -> dict[str, float]:
    """Intensity per weight byte of the models that decode one token at a time."""
    table = named_table(tables, "roofline")
    names = [name for name in _TOKEN_DECODERS if name in table.distinct("model")]
    if not names:
        raise UntestableError("no model of the suite decodes one token at a time")
    return {name: table.number("intensity_weights", model=name) for name in names}


def intensity_gap(tables: Tables) -> Finding:
    """S7a."""
    diffusion = _rooflines(tables, "intensity_weights", **_DIFFUSION_TTI)
    decoders = _autoregressive(tables)
    gap = max(diffusion.values()) / min(decoders.values())
    steps = _rooflines(tables, "intensity_step", **_DIFFUSION_TTI)
    step_gap = max(steps.values()) / min(_rooflines(tables, "intensity_step", task="LLM").values())
    return Finding(
        ours=f"{gap:.0f}x over the whole inference; {step_gap:.0f}x for one step of the main stage",
        verdict=agreement(50 <= gap <= 200),
        why=(
            f"FLOP/B of weights: {listed(diffusion, '{:.0f}')} against {listed(decoders, '{:.0f}')}. The figure "
            "depends on what is counted: a language model's is the number of tokens, prompt included, a diffusion "
            "model's the number of steps times that of one step. With a prompt and answer of a few hundred tokens "
            "100x is reached; the study's lengths are not public."
        ),
    )


def reuse_over_steps(tables: Tables) -> Finding:
    """S7b."""
    table = named_table(tables, "taxonomy")
    steps = {model: table.number("runs", model=model) for model in models_of(table, **_DIFFUSION_TTI)}
    names = [name for name in _TOKEN_DECODERS if name in table.distinct("model")]
    if not names:
        raise UntestableError("no model of the suite decodes one token at a time")
    tokens: dict[str, float] = {name: table.number("runs", model=name) for name in names}
    one = _rooflines(tables, "intensity_step", **_DIFFUSION_TTI)
    for name in names:
        one |= _rooflines(tables, "intensity_step", model=name)
    return Finding(
        ours=f"runs of the main stage: {listed(steps, '{:.0f}')} against {listed(tokens, '{:.0f}')}",
        verdict=agreement(max(steps.values()) > max(tokens.values())),
        why=(
            "A token decoder runs its weights again for each token, more often than a denoiser for each step. What "
            "sets diffusion apart is one run, which uses each weight for all pixels at once: "
            f"{listed(one, '{:.0f}')} FLOP/B. If the study means reuse over pixels and steps together, we agree."
        ),
    )


def compute_bound(tables: Tables) -> Finding:
    """S7c."""
    rows = _main_stages(tables, _DIFFUSION_TTI)
    intensities = {model: float(row["flops_per_weight_byte"] or 0) for model, row in rows.items()}
    moved = _rooflines(tables, "intensity_traffic", **_DIFFUSION_TTI)
    shares = _rooflines(tables, "compute_bound_share", **_DIFFUSION_TTI)
    return Finding(
        ours=f"{listed(intensities, '{:.0f}')} FLOP/B of weights in one step, ridge at 153",
        verdict=agreement(all(row["above_ridge"] for row in rows.values())),
        why=(
            "By weights they lie far above the ridge. Counted by what kernels move they lie near it "
            f"({listed(moved, '{:.0f}')} FLOP/B), and arithmetic bounds {listed(shares)} of the kernel time: the rest "
            "is traffic of normalizations, activations and layout conversions, which weights do not show."
        ),
    )


def step_and_range(tables: Tables) -> Finding:
    """S4."""
    table = named_table(tables, "sequence_lengths")
    ours = {}
    for model, stage in (("Stable Diffusion", "unet"), ("Imagen", "base")):
        rows = [r for r in table.where(model=model, stage=stage, repeat=0) if r["kind"] != "cross"]
        if rows:
            ours[model] = [int(r["sequence_length"] or 0) for r in rows]
    if "Stable Diffusion" not in ours:
        raise UntestableError("Stable Diffusion is not in the suite")
    steps = {model: largest_step(lengths) for model, lengths in ours.items()}
    ranges = {model: range_ratio(lengths) for model, lengths in ours.items()}
    return Finding(
        ours=f"{steps['Stable Diffusion']:g}x from one call to the next; whole range {listed(ranges, '{:g}x')}",
        verdict=agreement(steps["Stable Diffusion"] == 4),
        why=(
            "Each level of a U-Net halves both sides, which divides the sequence by 4. Over all levels the range is "
            "larger, so the study's 4x can only be that of neighbouring levels, or of another set of levels."
        ),
    )


def _main_stages(tables: Tables, kind: Mapping[str, Cell]) -> dict[str, Mapping[str, Cell]]:
    table = named_table(tables, "prefill_decode")
    return {model: next(table.where(model=model, main=True)) for model in models_of(table, **kind)}


def diffusion_is_prefill(tables: Tables) -> Finding:
    """S3a."""
    rows = _main_stages(tables, _DIFFUSION_TTI)
    return Finding(
        ours="; ".join(_phase(model, row) for model, row in rows.items()),
        verdict=agreement(all(row["phase"] == "prefill" and row["above_ridge"] for row in rows.values())),
        why="all pixels attend at once in every step, and each weight is used for all of them",
    )


def transformer_is_decode(tables: Tables) -> Finding:
    """S3b."""
    rows = _main_stages(tables, _TRANSFORMER_TTI)
    holds = all(row["phase"] == "decode" and not row["above_ridge"] for row in rows.values())
    return Finding(
        ours="; ".join(_phase(model, row) for model, row in rows.items()),
        verdict=agreement(holds),
        why=(
            "True of Parti, which decodes token by token. Muse decodes in parallel: every step passes all masked "
            "tokens, and even its base network's 256 tokens, twice for guidance, use each weight often enough to lie "
            "above the ridge. Like decoding, it runs in many steps with short sequences."
        ),
    )


def _phase(model: str, row: Mapping[str, Cell]) -> str:
    intensity = float(row["flops_per_weight_byte"] or 0)
    return f"{model}: {row['queries']} queries, {intensity:.0f} FLOP/B, {row['phase']}"


def _recalled_parameters(tables: Tables) -> dict[str, float]:
    """Parameters of denoisers and token transformers, in units of 1e9."""
    stages = named_table(tables, "stages")
    parts = {
        "Imagen": ("base", "super_resolution_256", "super_resolution_1024"),
        "Stable Diffusion": ("unet", "text_encoder", "vae"),
        "Muse": ("base",),
        "Parti": ("transformer",),
    }
    return {
        model: sum(stages.numbers("parameters", model=model, component=part)[0] for part in names) / 1e9
        for model, names in parts.items()
        if model in stages.distinct("model")
    }


def table_parameters(tables: Tables) -> Finding:
    """M1."""
    recalled = {"Imagen": 3.0, "Stable Diffusion": 1.45, "Muse": 3.0, "Parti": 20.0}
    ours = _recalled_parameters(tables)
    if set(ours) != set(recalled):
        raise UntestableError("the four TTI models are not all in the suite")
    return Finding(
        ours=listed(ours, "{:.2f}B"),
        verdict=agreement(all(abs(ours[name] / value - 1) <= 0.10 for name, value in recalled.items())),
        why=(
            "Stable Diffusion has 1.07B, text encoder and decoder included; 1.45B is the figure of the latent "
            "diffusion model that came before it. The Imagen and Muse figures leave their text encoders out."
        ),
    )


def table_layers(tables: Tables) -> Finding:
    """M2."""
    stages, table = named_table(tables, "stages"), named_table(tables, "taxonomy")
    if not {"Muse", "Parti"} <= set(table.distinct("model")):
        raise UntestableError("Muse or Parti is not in the suite")
    layers = {
        "Muse": table.number("attention_layers", model="Muse"),
        "Parti": table.number("attention_layers", model="Parti")
        + stages.number("attention_calls", model="Parti", stage="text_encoder"),
    }
    widths = {name: float(str(next(iter(table.where(model=name)))["widths"])) for name in layers}
    return Finding(
        ours=", ".join(f"{name} {layers[name]:.0f} x {widths[name]:.0f}" for name in layers),
        verdict=agreement(layers == {"Muse": 48, "Parti": 80} and widths == {"Muse": 2048, "Parti": 4096}),
        why="Parti's 80 are 16 layers of its text encoder and 64 of its decoder",
    )


def table_resolutions(tables: Tables) -> Finding:
    """M3."""
    table = named_table(tables, "taxonomy")
    ours = {n: [int(x) for x in str(_cell(table, n)).split(", ")] for n in ("Imagen", "Stable Diffusion")}
    factors = [64 // side for side in ours["Stable Diffusion"]]
    return Finding(
        ours=f"Imagen {ours['Imagen']}; Stable Diffusion down-sampling by {sorted(factors, reverse=True)}",
        verdict=agreement(ours["Imagen"] == [32, 16, 8] and set(factors) - {8} == {4, 2, 1}),
        why="Stable Diffusion also attends in its innermost block, at an eighth, which its configuration does not list",
    )


def _cell(table: Table, model: str) -> Cell:
    rows = list(table.where(model=model))
    if not rows:
        raise UntestableError(f"{model} is not in the suite")
    return rows[0]["attention_resolutions"]


def regions(tables: Tables) -> Finding:
    """M20."""
    diffusion, transformers = (_main_stages(tables, kind) for kind in (_DIFFUSION_TTI, _TRANSFORMER_TTI))
    holds = all(row["above_ridge"] for row in diffusion.values())
    holds &= not any(row["above_ridge"] for row in transformers.values())
    intensities = {m: float(r["flops_per_weight_byte"] or 0) for m, r in {**diffusion, **transformers}.items()}
    return Finding(
        ours=f"{listed(intensities, '{:.0f}')} FLOP/B, ridge at 153",
        verdict=agreement(holds),
        why="Muse's parallel decoding lies above the ridge: weights are used for 512 tokens a step",
    )


def profiles(tables: Tables) -> Finding:
    """M21."""
    table = named_table(tables, "sequence_lengths")
    shapes = {
        model: _profile(_lengths(table, model, stage))
        for model, stage in (("Parti", "decode"), ("Muse", "base"), ("Imagen", "base"), ("Stable Diffusion", "unet"))
    }
    wanted = {"Parti": "linear", "Muse": "constant", "Imagen": "cyclic", "Stable Diffusion": "cyclic"}
    return Finding(
        ours=", ".join(f"{model} {shape}" for model, shape in shapes.items()),
        verdict=agreement(shapes == wanted),
        why="self-attention of the main stage; a token decoder's length is what it looks back on",
    )


def _lengths(table: Table, model: str, stage: str) -> list[int]:
    rows = [r for r in table.where(model=model, stage=stage) if r["kind"] != "cross"]
    if not rows:
        raise UntestableError(f"{model} is not in the suite")
    return [int(row["sequence_length"] or 0) for row in rows]


def _profile(lengths: list[int]) -> str:
    """``constant``, ``linear`` (never shorter), or ``cyclic`` (down and up again)."""
    if min(lengths) == max(lengths):
        return "constant"
    return "linear" if lengths == sorted(lengths) else "cyclic"


def buckets(tables: Tables) -> Finding:
    """M22."""
    table = named_table(tables, "length_distribution")
    sizes = [int(str(size)) for size in table.distinct("image_size")]
    counts = {size: table.numbers("calls", image_size=size) for size in sizes}
    largest = [max(table.numbers("sequence_length", image_size=size)) for size in sorted(sizes)]
    equal = all(len(set(sorted(calls)[1:])) == 1 for calls in counts.values())
    verdict: Verdict = agreement(equal and largest == sorted(set(largest)))
    shown = ", ".join(f"{n:g}" for n in next(iter(counts.values())))
    return Finding(
        ours=f"calls by length, short to long: {shown}, at every size; longest {', '.join(f'{n:g}' for n in largest)}",
        verdict=verdict,
        why="the shortest length belongs to the one innermost block",
    )


JUDGES: dict[str, Judge] = {
    "S3a": diffusion_is_prefill,
    "S3b": transformer_is_decode,
    "S4": step_and_range,
    "S6": suite_of_eight,
    "S7a": intensity_gap,
    "S7b": reuse_over_steps,
    "S7c": compute_bound,
    "S11": _statement_of_method(
        "A statement of what the study has. Our counterpart is the simulator itself; this section's tables are its "
        "memory and FLOPs for Stable Diffusion."
    ),
    "S13": _statement_of_method("A statement of scope. Both are in the tables of this section."),
    "S14": several_components,
    "M1": table_parameters,
    "M2": table_layers,
    "M3": table_resolutions,
    "M20": regions,
    "M21": profiles,
    "M22": buckets,
    "M28": _statement_of_method("Training fleets are not simulated."),
}
