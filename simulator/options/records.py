"""Records of the options that a command gets: those of a run, and all of ``simulate``."""

from __future__ import annotations

from dataclasses import dataclass

from hw_specs.terminal.commands import VersionOption
from simulator.reference import SETTINGS
from simulator.results.options import ChakraFile, ChromeTraceFile, PlotFiles, ReportFile

from .machine import (
    CalibrationFile,
    Changes,
    Hardware,
    HostName,
    Strict,
)
from .printing import (
    By,
    Cache,
    Explained,
    ListModels,
    MustFit,
    OutputFile,
    OutputFormat,
    Top,
    Versus,
)
from .running import (
    Attention,
    Autocast,
    ChannelsLast,
    DecoderDtype,
    ExecutionMode,
    FidelityName,
    KeyValueCache,
    KeyValueDtype,
    Lora,
    MaxAutotune,
    Offload,
    Parallel,
    Quantize,
    SchedulerName,
    Slicing,
    SoftwareName,
    StepSkipping,
    Tiling,
)
from .workload import (
    Batch,
    Context,
    Dtype,
    Frames,
    From,
    GraphFile,
    Guidance,
    Height,
    Model,
    NewTokens,
    PromptLength,
    Steps,
    Strength,
    TraceFile,
    Variant,
    Width,
)

__all__ = ["RunOptions", "SimulateOptions"]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """A workload, how it is run and where. Settings of the workload that are None are its own."""

    model: Model = None
    batch: Batch = None
    height: Height = None
    width: Width = None
    num_frames: Frames = None
    num_inference_steps: Steps = None
    strength: Strength = None
    guidance_scale: Guidance = None
    prompt_length: PromptLength = None
    max_new_tokens: NewTokens = None
    context_length: Context = None
    dtype: Dtype = None
    kv_cache: KeyValueCache = None
    kv_cache_dtype: KeyValueDtype = None
    scheduler: SchedulerName = None
    step_cache: StepSkipping = None
    lora: Lora = None
    vae_dtype: DecoderDtype = None
    vae_tiling: Tiling = None
    vae_slicing: Slicing = None
    attention: Attention = "flash"
    execution: ExecutionMode = "eager"
    autocast: Autocast = False
    max_autotune: MaxAutotune = False
    quantize: Quantize = "none"
    software: SoftwareName = None
    hw: Hardware = None
    host: HostName = None
    change: Changes = None

    def settings(self) -> dict[str, object]:
        """Settings of the workload by name."""
        return {name: getattr(self, name) for name in SETTINGS}


@dataclass(frozen=True, kw_only=True)
class SimulateOptions(RunOptions):
    """All that ``simulate`` takes."""

    variant: Variant = None
    graph: GraphFile = None
    trace: TraceFile = None
    from_: From = None
    offload: Offload = "none"
    channels_last: ChannelsLast = None
    parallel: Parallel = None
    fidelity: FidelityName = "calibrated"
    versus: Versus = None
    by: By = None
    top: Top = None
    explain: Explained = None
    calibration: CalibrationFile = None
    strict: Strict = False
    must_fit: MustFit = False
    report: ReportFile = None
    plot: PlotFiles = None
    chrome_trace: ChromeTraceFile = None
    chakra: ChakraFile = None
    output_format: OutputFormat = "table"
    output: OutputFile = None
    list_models: ListModels = False
    cache: Cache = True
    version: VersionOption = False
