"""Command line: ``simulate --hw a100.yaml --model make-a-video``."""

from __future__ import annotations

import hw_specs.terminal.interrupts  # noqa: F401  # before all that takes time to import

# isort: split
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from hw_specs import Accelerator, CalibrationPool, SpecError, load_accelerator, torch_dtype
from hw_specs.listing.known_parts import slips
from hw_specs.overrides import apply_overrides
from hw_specs.terminal.ending import HELP
from simulator.cost.model import Fidelity
from simulator.views.explanation import explain_operator, render_explanations
from simulator.views.report import FORMATS, print_report, to_csv, to_json
from simulator.views.terminal import captured, emit, remark
from tracer.command_line import run_command_line
from tracer.graph import GraphError, OpGraph
from tracer.lengths import attention_calls
from tracer.library.graphs import graph_of, runs_channels_last
from tracer.workloads import find_variant

from .calibrations import calibration_pool
from .command_options import GroupedCommand, check_choice, fidelity_of, takes
from .comparison import compare
from .execution import Execution, ExecutionError
from .format_choice import dtype_of, settings_on
from .hosts.catalogue import load_host
from .hosts.host import Host
from .options import SimulateOptions
from .parallel.scheme import ONE_DEVICE, Scheme
from .reference import ReferenceChanges, reference_changes
from .report import Report
from .results.files import ResultFiles
from .simulation import Simulation, simulate
from .software import load_software
from .uncertainty.unchecked import unchecked_remarks
from .unread import remarks_on
from .user_errors import USER_ERRORS

if TYPE_CHECKING:
    from simulator.projection.projection import Projection

__all__ = ["app", "main"]

# Of what is printed where there is no terminal.
_WIDTH = 140

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What holds for a workload, a graph and a trace alike."""

    hw: str
    accelerator: Accelerator
    execution: Execution
    fidelity: Fidelity
    calibrations: CalibrationPool
    output_format: str
    host: Host | None = None
    files: ResultFiles = field(default_factory=ResultFiles)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """What is to run: a workload with its settings, a graph file or a trace."""

    model: str | None
    graph: Path | None
    trace: Path | None
    from_: str | None
    settings: Mapping[str, object]
    cache: bool

    def traced(self, settings: Mapping[str, object], accelerator: Accelerator) -> OpGraph:
        """Operators of a workload with some settings on an accelerator, or those of the file."""
        if self.model is not None:
            settings, _ = settings_on(self.model, accelerator, settings)
        return _graph(self.model, self.graph, settings, cache=self.cache)

    def remarks(self, accelerator: Accelerator) -> tuple[str, ...]:
        """What is said of the number format that is chosen."""
        if self.model is None:
            return ()
        return tuple(filter(None, settings_on(self.model, accelerator, self.settings)[1:]))


class _Answer(NamedTuple):
    """What is printed, whether the accelerator's memory holds the run, and what is said beside it."""

    text: str
    fits: bool = True
    remarks: tuple[str, ...] = ()


@app.command(cls=GroupedCommand, context_settings=HELP)
@takes(SimulateOptions)
def command(given: SimulateOptions) -> None:
    """Predict how long a workload takes on an accelerator, and what holds each part back."""
    check_choice("format", given.output_format, FORMATS)
    level = fidelity_of(given.fidelity)
    if given.list_models:
        emit(_workloads(given.output_format), given.output)
        return
    # A graph beside a trace lends it its shapes.
    subjects = (given.model, given.graph if given.trace is None else None, given.trace)
    if given.hw is None or sum(what is not None for what in subjects) != 1:
        raise typer.BadParameter("give --hw NAME and one of --model NAME, --graph FILE and --trace FILE (or --list)")
    hw, given = given.hw, replace(given, model=_variant(given.model, given.variant))
    files = ResultFiles.of(given)
    files.require()
    asked = replace(_asked(hw, level, given), files=files)
    if level == "roofline":
        _refuse({"host": given.host}, "a roofline, which is of the device alone")
    subject = _subject(given)
    asked = replace(asked, remarks=(*asked.remarks, *subject.remarks(asked.accelerator)))
    answer = _answer(subject, asked, given.explain, given.versus)
    emit(_remarked(answer.text, replace(asked, remarks=(*answer.remarks, *asked.remarks))), given.output)
    if given.must_fit and not answer.fits:
        raise typer.Exit(1)


def _asked(hw: str, level: Fidelity, given: SimulateOptions) -> _Asked:
    """What holds for whatever is to run."""
    part, changes = load_accelerator(hw), given.change or []
    calibrations = calibration_pool(hw, part, given.calibration)
    execution = _execution(given)
    changed = apply_overrides(part, changes)
    wrong = slips(changed)
    if given.strict and wrong:
        raise SpecError(f"{changed.name}: {'; '.join(wrong)}", tuple(f"{changed.name}: {line}" for line in wrong))
    offloads, devices = execution.offload != "none", execution.parallel.devices
    return _Asked(
        hw=hw,
        accelerator=changed,
        execution=execution,
        fidelity=level,
        calibrations=calibrations,
        output_format=given.output_format,
        host=load_host(given.host) if given.host else None,
        remarks=(
            *(f"warning: {line}" for line in wrong),
            *remarks_on(hw, part, changes, calibrations, offloads=offloads, devices=devices),
        ),
    )


def _subject(given: SimulateOptions) -> _Subject:
    """What is to run."""
    formats = {
        "dtype": given.dtype and dtype_of(given.dtype),
        "vae_dtype": given.vae_dtype and torch_dtype(given.vae_dtype),
    }
    return _Subject(
        model=given.model,
        graph=given.graph,
        trace=given.trace,
        from_=given.from_,
        settings={**given.settings(), **formats},
        cache=given.cache,
    )


def _execution(given: SimulateOptions) -> Execution:
    """How it is run."""
    return Execution(
        mode=given.execution,
        attention=given.attention,
        autocast=given.autocast,
        offload=given.offload,
        quantize=given.quantize,
        software=load_software(given.software or ""),
        parallel=Scheme.parse(given.parallel or ""),
        channels_last=_channels_last(given.model, given.channels_last),
    )


def _answer(subject: _Subject, asked: _Asked, explain: str | None, versus: Sequence[str] | None) -> _Answer:
    """Report, projection, explanation or comparison as text."""
    source = load_accelerator(subject.from_) if subject.from_ else None
    if subject.trace is not None:
        _refuse({**subject.settings, "explain": explain, "versus": versus}, "a trace, which is of one run")
        return _traced(subject.trace, subject.graph, source, asked)
    if source is not None:
        raise typer.BadParameter("--from goes with --trace FILE")
    if versus:
        _refuse({"explain": explain}, "a comparison")
        return _compared(subject, asked, reference_changes(versus))
    return _simulated(subject.traced(subject.settings, asked.accelerator), asked, explain)


def _channels_last(model: str | None, asked: bool | None) -> bool:
    """How images lie: as asked, else as the workload's authors have them."""
    return (model is not None and runs_channels_last(model)) if asked is None else asked


def _variant(model: str | None, variant: str | None) -> str | None:
    """Name of a variant of a model; that of the model where none is asked for."""
    if variant is None:
        return model
    if model is None:
        raise typer.BadParameter("--variant goes with --model NAME")
    return find_variant(model, variant).name


def _workloads(output_format: str) -> str:
    from simulator.views.workloads import render_workloads

    return render_workloads(output_format)


def _compared(subject: _Subject, asked: _Asked, changes: ReferenceChanges) -> _Answer:
    """Comparison of a run with its reference as text; the reference's accelerator has none of the changes by --set."""
    from simulator.views.comparison import comparison_to_csv, comparison_to_json, print_comparison

    settings = {**subject.settings, **changes.settings}
    reference = _reference(asked, changes)
    run = _simulation(subject.traced(subject.settings, asked.accelerator), asked)
    other = _simulation(subject.traced(settings, reference.accelerator), reference)
    comparison, workloads = compare(run, other), (each.launches.graph.workload for each in (run, other))
    remarks = tuple(dict.fromkeys(line for workload in workloads for line in unchecked_remarks(workload)))
    asked.files.write_comparison(comparison, (*remarks, *asked.remarks))
    answer = partial(_Answer, fits=run.report.fits, remarks=remarks)
    if asked.output_format == "json":
        return answer(comparison_to_json(comparison))
    if asked.output_format == "csv":
        return answer(comparison_to_csv(comparison))
    return answer(captured(lambda console: print_comparison(comparison, console), width=_WIDTH))


def _reference(asked: _Asked, changes: ReferenceChanges) -> _Asked:
    """What holds for the reference."""
    run = changes.run
    name = run.get("hw", asked.hw)
    part, execution = load_accelerator(name), changes.execution(asked.execution)
    own = asked.calibrations if name == asked.hw else calibration_pool(name, part, None)
    host = load_host(run["host"]) if "host" in run else asked.host
    return replace(asked, accelerator=part, execution=execution, calibrations=own, host=host)


def _simulation(graph: OpGraph, asked: _Asked) -> Simulation:
    return simulate(
        graph,
        asked.accelerator,
        asked.execution,
        fidelity=asked.fidelity,
        calibrations=asked.calibrations,
        host=asked.host,
    )


def _simulated(graph: OpGraph, asked: _Asked, explain: str | None = None) -> _Answer:
    """Report of a graph as text, or the explanation of one of its kernels."""
    simulation = _simulation(graph, asked)
    report = _with_one_device(simulation.report, graph, asked)
    if asked.files:
        others = _other_attention(graph, asked) if asked.files.compare_attention else {}
        asked.files.write(simulation, report, others, asked.remarks)
    if explain is not None:
        return _Answer(_explained(simulation, explain, asked.output_format), simulation.report.fits)
    return _Answer(_rendered(report, asked.output_format), report.fits)


def _other_attention(graph: OpGraph, asked: _Asked) -> dict[str, Report]:
    """Report of the same run with fused attention where it writes scores out, else the other way round."""
    if not any(True for _ in attention_calls(graph)):
        return {}
    other = "flash" if asked.execution.attention == "naive" else "naive"
    try:
        return {other: _simulation(graph, replace(asked, execution=replace(asked.execution, attention=other))).report}
    except ExecutionError:  # a split of the sequence that only fused attention knows
        return {}


def _with_one_device(report: Report, graph: OpGraph, asked: _Asked) -> Report:
    """Report of a run on several devices, with what one alone would take."""
    if report.sharing is None:
        return report
    alone = _simulation(graph, replace(asked, execution=replace(asked.execution, parallel=ONE_DEVICE)))
    return replace(report, sharing=report.sharing.over(alone.report.latency))


def _traced(path: Path, graph: Path | None, source: Accelerator | None, asked: _Asked) -> _Answer:
    """Measured trace on another accelerator as text; of a trace without times, the prediction of its operators.

    A trace without shapes has those of the graph where one is given.
    """
    from simulator.projection.graph_shapes import lent_shapes
    from simulator.projection.host_runs import measured_on_host, ran_on_host
    from simulator.projection.traced import graph_of_trace, project
    from tracer.formats import read_trace
    from tracer.progress_bar import reading

    with reading(path) as advance:
        trace = read_trace(path, progress=advance)
    remarks: tuple[str, ...] = ()
    if graph is not None:
        trace, remarks = lent_shapes(trace, graph)
    if source is not None and source.kind == "cpu":
        trace = measured_on_host(trace)
    if len(trace.kernels):
        if not ran_on_host(trace):
            _refuse({"host": asked.host}, "a projection of a device's times, whose idle time stays as measured")
        projection = project(
            trace,
            asked.accelerator,
            source,
            asked.execution,
            fidelity=asked.fidelity,
            calibrations=asked.calibrations,
            host=asked.host,
        )
        asked.files.write_projection(projection, (*remarks, *asked.remarks))
        return _Answer(_projection_text(projection, asked.output_format), remarks=remarks)
    if source is not None:
        raise typer.BadParameter(f"--from needs measured times, and {path} has no device events; leave it out")
    return _simulated(graph_of_trace(trace, asked.execution), asked)


def _refuse(settings: Mapping[str, object], what: str) -> None:
    """Refuse settings that are given although they change nothing."""
    given = [name for name, value in settings.items() if value is not None]
    if given:
        raise GraphError(f"--{given[0].replace('_', '-')} does not apply to {what}")


def _projection_text(projection: Projection, output_format: str) -> str:
    from simulator.projection.presentation import render_projection

    if output_format == "json":
        return json.dumps(projection.to_dict(), indent=2) + "\n"
    if output_format == "csv":
        raise typer.BadParameter("a projection has no CSV form; valid: table, json")
    return captured(lambda console: render_projection(projection, console), width=_WIDTH)


def _explained(simulation: Simulation, name: str, output_format: str) -> str:
    if output_format == "csv":
        raise typer.BadParameter("an explanation has no CSV form; valid: table, json")
    explanations = explain_operator(simulation, name)
    if output_format == "json":
        plain = [{**asdict(entry), "terms": [term._asdict() for term in entry.terms]} for entry in explanations]
        return json.dumps(plain, indent=2) + "\n"
    return render_explanations(explanations)


def _remarked(text: str, asked: _Asked) -> str:
    """Result with the remarks below it where people read; beside it, on stderr, where a program does."""
    if asked.output_format == "table":
        return text + "".join(f"{line}\n" for line in asked.remarks)
    remark(asked.remarks)
    return text


def _graph(model: str | None, graph: Path | None, settings: Mapping[str, object], *, cache: bool) -> OpGraph:
    if graph is not None:
        from tracer.storage.graph_file import load_graph

        _refuse(settings, "a graph file; trace it again")
        return load_graph(graph)
    if model is None:
        raise typer.BadParameter("give --model NAME or --graph FILE")
    return graph_of(model, settings, use_cache=cache, progress=_say)


def _say(stage: str) -> None:
    """Progress for someone who watches; an error stays the only line for a program that reads."""
    if sys.stderr.isatty():
        print(f"tracing {stage} ...", file=sys.stderr)


def _rendered(report: Report, output_format: str) -> str:
    if output_format == "json":
        return to_json(report) + "\n"
    if output_format == "csv":
        return to_csv(report)
    return captured(lambda console: print_report(report, console), width=_WIDTH)


def main() -> None:
    """Entry point: one line and exit status 2 for anything that the user can mend."""
    run_command_line(app, "simulate", USER_ERRORS)


if __name__ == "__main__":
    main()
