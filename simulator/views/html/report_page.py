"""Page of one predicted run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from simulator.profile.breakdown import by_stage_and_category
from simulator.profile.kernels import KernelPoint, ceilings, kernel_points
from simulator.profile.lengths import sampled_calls
from simulator.profile.memory import memory_over_run
from simulator.profile.steps import costliest_stage, spans_of
from simulator.profile.upgrade import Upgrade
from simulator.profile.upgrades import upgrades
from simulator.report import Report
from simulator.simulation import Simulation
from simulator.views.answer import BASES_IN_WORDS
from simulator.views.explanation import explain_kernel, term_value
from simulator.views.report import notes

from .breakdown import attention_chart, interval_chart, stage_chart
from .drawing import category_label, colour_of, long_time, percent, quantity, time_text
from .over_run import lengths_chart, memory_chart, timeline_chart
from .page import Bar, Chart, Page, Section, Table
from .provenance import made_by, provenance
from .roofline import bandwidth_chart, roofline_chart

__all__ = ["answer", "report_page"]

_EXPLAINED = 10
_WORTH_NAMING = 1.0005

#: Resources in words, of the first screen.
_RESOURCES = {
    "compute": "compute: units, clock",
    "memory": "memory: DRAM, caches",
    "power": "power limit",
    "link": "links",
    "launch": "launch gaps, short kernels",
    "host": "host",
    "occupancy": "occupancy: idle cores",
}


def report_page(
    simulation: Simulation,
    *,
    report: Report | None = None,
    others: Mapping[str, Report] | None = None,
    remarks: Sequence[str] = (),
    command: str = "",
) -> Page:
    """Page of a simulation.

    Parameters
    ----------
    simulation : Simulation
    report : Report, optional
        In place of the simulation's own, where something was added to it.
    others : mapping of str to Report, optional
        The same run with attention run in other ways, by their names.
    remarks : sequence of str
        What is said beside the result.
    command : str
        Command line that made it.
    """
    shown = simulation.report if report is None else report
    points, roofs = kernel_points(simulation), ceilings(simulation)
    return Page(
        title=f"{shown.model} on {shown.accelerator}",
        subtitle=_subtitle(shown),
        answer=answer(shown),
        facts=_facts(shown),
        warnings=_warnings(shown),
        blocks=_first_screen(simulation, shown),
        sections=[
            Section(
                name="roofline-section",
                title="Roofline",
                blocks=[roofline_chart(points, roofs), bandwidth_chart(points, roofs)],
            ),
            _breakdown(simulation, shown, others or {}),
            _over_run(simulation, shown),
            _costliest(simulation, points),
            *_energy(shown),
            *_certainty(shown, remarks),
            provenance(shown, simulation.accelerator, simulation.calibrations, command),
        ],
        made_by=made_by(command),
    )


def answer(report: Report) -> str:
    """The result in one sentence: time, interval, how often such ones hold, and what the time rests on."""
    time = time_text(float(f"{report.latency:.4g}"))
    words = long_time(report.latency)
    took = f"{time} ({words})" if words else time
    subject = f"{report.model} on {report.accelerator}"
    if report.interval is None:
        return f"{subject} takes at least {took}: a lower bound from the datasheet alone."
    i = report.interval
    basis = max(report.basis.items(), key=lambda item: item[1])
    return (
        f"{subject} takes {took}, {percent(i.level)} interval {time_text(float(f'{i.low:.3g}'))} to "
        f"{time_text(float(f'{i.high:.3g}'))}; such intervals held {percent(i.coverage)} of {i.count} published runs "
        f"{i.counted_on}, and {percent(basis[1])} of its kernel time is {BASES_IN_WORDS[basis[0]]}."
    )


def _subtitle(report: Report) -> str:
    settings = [f"{name.replace('_', ' ')} {value}" for name, value in report.workload.items() if value is not None]
    run = report.execution
    settings += [f"execution {run['mode']}", f"attention {run['attention']}", f"software {run['software']}"]
    return ", ".join(settings)


def _warnings(report: Report) -> list[str]:
    found = []
    if not report.fits:
        capacity, peak = (quantity(size, "B") for size in (report.memory_capacity, report.peak_memory))
        found.append(f"Does not fit: the run needs {peak} of memory, the accelerator has {capacity}.")
    found += [
        f"Without a formula: {item.operator}, {item.calls} calls, {percent(item.share, 2)} of all; its time is missing."
        for item in report.unmodelled
    ]
    return found


def _facts(report: Report) -> list[tuple[str, str]]:
    memory = f"{quantity(report.peak_memory, 'B', 3)} of {quantity(report.memory_capacity, 'B', 3)}"
    found = [("Memory, most", f"{memory}: {'fits' if report.fits else 'does not fit'}")]
    found += [(name.replace("_", " ").capitalize(), f"{value:.4g}") for name, value in report.throughput.items()]
    if report.energy is not None:
        e = report.energy
        energy = f"{quantity(e.energy_per_output, 'J')} for one output, {e.average_power:.0f} W on average"
        found.append(("Energy", energy))
    if report.sharing is not None:
        s = report.sharing
        speed_up = "" if s.speed_up is None else f", speed-up {s.speed_up:.3g}"
        found.append(("Devices", f"{s.devices} ({s.parallel}){speed_up}; all else is of one"))
    launches = f"{quantity(report.launches, '')} launches"
    work = f"{quantity(report.flops, 'FLOP', 3)}, {quantity(report.bytes, 'B', 3)}, {launches}"
    return [*found, ("Work", work)]


def _first_screen(simulation: Simulation, report: Report) -> list[Section]:
    """Share of each stage, what holds the run back, what would help most."""
    stages = sorted(report.by_stage.items(), key=lambda item: -item[1].latency)
    bounds = sorted(asdict(report.bound).items(), key=lambda item: -item[1])
    gains = [gain for gain in upgrades(simulation) if gain.speed_up > _WORTH_NAMING]
    longest = stages[0][1].latency or 1.0 if stages else 1.0
    return [
        Section(
            name="by-stage",
            title="Where the time goes",
            blocks=[
                Table(
                    caption="Stages",
                    columns=("stage", "latency", "share", "runs"),
                    rows=[
                        (n, time_text(e.latency), percent(e.share, 1), str(report.repeats.get(n, 1))) for n, e in stages
                    ],
                    bars=[e.latency / longest for _, e in stages],
                ),
                _category_bar(report),
            ],
        ),
        Section(
            name="held-back",
            title="What holds it back",
            text=["1 % more of a resource saves its share of 1 %."],
            blocks=[
                Table(
                    caption="Share of the latency by resource",
                    columns=("resource", "share"),
                    rows=[(_RESOURCES[n], percent(v)) for n, v in bounds if v >= 0.005],
                    bars=[v for _, v in bounds if v >= 0.005],
                )
            ],
        ),
        Section(
            name="would-help",
            title="What would help",
            text=["The run predicted anew with twice of one resource; of those left out nothing would come."],
            blocks=[_gains_table(gains)],
        ),
    ]


def _category_bar(report: Report) -> Bar:
    parts = sorted(report.by_category.items(), key=lambda item: -item[1].latency)
    return Bar(
        caption="Categories of work",
        parts=[(category_label(n), e.share, percent(e.share, 1), colour_of(n)) for n, e in parts if e.share > 0],
    )


def _gains_table(gains: Sequence[Upgrade]) -> Table:
    saved = [1.0 - 1.0 / gain.speed_up for gain in gains]
    return Table(
        caption="Twice of one resource",
        columns=("resource", "saves", "speed-up", "latency"),
        rows=[
            (_RESOURCES[g.resource], percent(share, 1), f"{g.speed_up:.3g}", time_text(g.latency))
            for g, share in zip(gains, saved, strict=True)
        ],
        bars=[2 * share for share in saved],
    )


def _breakdown(simulation: Simulation, report: Report, others: Mapping[str, Report]) -> Section:
    own = {f"{report.execution['attention']}": report}
    charts = [stage_chart(by_stage_and_category(simulation.timeline))]
    if others:
        charts.insert(0, attention_chart({**own, **others}))
    return Section(name="breakdown", title="Breakdown", blocks=[*charts, _modules(report)])


def _modules(report: Report) -> Table:
    largest = sorted(report.by_module.items(), key=lambda item: -item[1].latency)
    rows = [
        (n, time_text(e.latency), percent(e.share, 1), quantity(e.flops, "FLOP"), quantity(e.bytes, "B"))
        for n, e in largest[:20]
    ]
    caption = f"Modules, the largest {len(rows)} of {len(largest)}"
    top = largest[0][1].latency or 1.0 if largest else 1.0
    bars = [e.latency / top for _, e in largest[:20]]
    return Table(caption=caption, columns=("module", "latency", "share", "FLOPs", "bytes"), rows=rows, bars=bars)


def _over_run(simulation: Simulation, report: Report) -> Section:
    stage = costliest_stage(simulation)
    charts: list[Chart | None] = []
    if stage is not None:
        what = stage.launches.stage
        charts.append(timeline_chart(what.name, what.repeats, spans_of(simulation, stage)))
    charts.append(lengths_chart(sampled_calls(simulation.launches.graph)))
    charts.append(memory_chart(memory_over_run(simulation), report))
    return Section(name="over-run", title="Over the run", blocks=[chart for chart in charts if chart is not None])


def _costliest(simulation: Simulation, points: Sequence[KernelPoint]) -> Section:
    total = sum(p.total for p in points) or 1.0
    return Section(
        name="kernels",
        title="Costliest kernels",
        text=[f"The costliest {min(_EXPLAINED, len(points))} of {len(points)} distinct kernels, each term by term."],
        blocks=[_explained(simulation, point, total) for point in points[:_EXPLAINED]],
    )


def _explained(simulation: Simulation, point: KernelPoint, total: float) -> Section:
    found = explain_kernel(simulation, point.row, point.operator, point.module)
    shape = ", ".join(f"{name} {value:g}" for name, value in found.shape.items())
    lines = [shape, f"{found.launches:g} launches of {quantity(point.time, 's')}, {time_text(found.total)} together."]
    if found.low is not None and found.high is not None:
        low, high = quantity(found.low, "s"), quantity(found.high, "s")
        lines.append(f"80 % range of one launch {low} to {high} ({found.grounds}).")
    return Section(
        name=f"kernel-{point.row}",
        title=f"{percent(point.total / total, 1)}  {point.kernel} of {point.operator}, first in {point.module}",
        text=lines,
        blocks=[
            Table(
                caption="Terms in the order of the computation",
                columns=("term", "value", "formula"),
                rows=[(term.name, term_value(term), term.formula) for term in found.terms],
                words=True,
            )
        ],
        folded=True,
    )


def _energy(report: Report) -> list[Section]:
    e = report.energy
    if e is None:
        return []
    total = sum(e.by_stage.values()) or 1.0
    ground = f" ({', '.join(e.fitted_on)})" if e.fitted_on else ""
    text = (
        f"{quantity(e.energy, 'J')} in all, 80 % interval {quantity(e.low, 'J', 3)} to {quantity(e.high, 'J', 3)}; "
        f"{e.average_power:.0f} W on average, clock at {percent(e.clock)} of boost; basis {e.basis}{ground}."
    )
    stages = [(n, v) for n, v in e.by_stage.items() if v > 0]
    rows = [(n, quantity(v, "J"), percent(v / total, 1)) for n, v in stages]
    bars = [v / total for _, v in stages]
    table = Table(caption="Energy by stage", columns=("stage", "energy", "share"), rows=rows, bars=bars)
    return [Section(name="energy", title="Energy", text=[text], blocks=[table])]


def _certainty(report: Report, remarks: Sequence[str]) -> list[Section]:
    chart = interval_chart(report)
    basis = Table(
        caption="What the kernels' time rests on",
        columns=("basis", "share"),
        rows=[(name, percent(share)) for name, share in report.basis.items() if share > 0],
        bars=[share for share in report.basis.values() if share > 0],
    )
    blocks: list[Chart | Table] = [basis] if chart is None else [chart, basis]
    return [Section(name="certainty", title="How sure", text=[*notes(report), *remarks], blocks=blocks)]
