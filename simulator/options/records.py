"""Records of the options that a command gets: those of a run, and all of ``simulate``."""

from __future__ import annotations

from dataclasses import dataclass

from hw_specs.terminal.commands import VersionOption
from simulator.results.options import ChakraFile, ChromeTraceFile, PlotFiles, ReportFile
from tracer.options import WorkloadOptions

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
    ExecutionMode,
    FidelityName,
    MaxAutotune,
    Offload,
    Parallel,
    Quantize,
    SoftwareName,
)
from .workload import (
    Dtype,
    From,
    GraphFile,
    TraceFile,
    Variant,
)

__all__ = ["RunOptions", "SimulateOptions"]


@dataclass(frozen=True, kw_only=True)
class RunOptions(WorkloadOptions):
    """A workload, how it is run and where."""

    dtype: Dtype = None
    attention: Attention = "flash"
    execution: ExecutionMode = "eager"
    autocast: Autocast = False
    max_autotune: MaxAutotune = False
    quantize: Quantize = "none"
    software: SoftwareName = None
    hw: Hardware = None
    host: HostName = None
    change: Changes = None


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
