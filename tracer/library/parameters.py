"""Parameter counts of every component of every pipeline, ours beside the published figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracer.graph import OpGraph
from tracer.workloads.catalogue import iter_pipelines
from tracer.workloads.pipeline import Pipeline

__all__ = ["ParameterRow", "markdown_table", "parameter_rows", "rows_of"]

# A published figure that is exact must be met; one that a paper rounds is met within a tenth.
_TOLERANCE = 0.01
_ROUNDED_TOLERANCE = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterRow:
    """One component: elements of its parameters in our module, and as published (None: no figure is published).

    ``differs`` says why the two are not the same where the widths are those published; empty where they must be.
    """

    model: str
    component: str
    ours: int
    published: float | None
    rounded: bool
    differs: str = ""

    @property
    def difference(self) -> float:
        """``ours / published - 1``; 0 where no figure is published."""
        return self.ours / self.published - 1 if self.published else 0.0

    @property
    def tolerance(self) -> float:
        """Largest difference that counts as agreement."""
        return _ROUNDED_TOLERANCE if self.rounded else _TOLERANCE

    @property
    def agrees(self) -> bool:
        """Whether the difference is within the tolerance, or known."""
        return bool(self.differs) or abs(self.difference) <= self.tolerance


def parameter_rows() -> Iterator[ParameterRow]:
    """Rows of all pipelines from their bundled graphs, by model and component."""
    from .bundle import bundled_graph

    for pipeline in sorted(iter_pipelines(), key=lambda p: p.name):
        graph = bundled_graph(pipeline.name, pipeline.defaults)
        if graph is not None:
            yield from rows_of(pipeline, graph)


def rows_of(pipeline: Pipeline, graph: OpGraph) -> Iterator[ParameterRow]:
    """Rows of one pipeline, in the order of its components."""
    for component in graph.components:
        yield ParameterRow(
            model=pipeline.name,
            component=component.name,
            ours=component.num_parameters,
            published=pipeline.parameters.get(component.name),
            rounded=component.name in pipeline.rounded,
            differs=pipeline.differing.get(component.name, ""),
        )


def markdown_table(rows: Sequence[ParameterRow]) -> str:
    """The rows as a Markdown table."""
    lines = ["| model | component | parameters | published | difference |", "|---|---|--:|--:|--:|"]
    for row in rows:
        difference = "" if row.published is None else f"{100 * row.difference:+.2f} %"
        difference += f" ({row.differs})" if row.differs else ""
        lines.append(f"| {row.model} | {row.component} | {row.ours:,} | {_published(row)} | {difference} |")
    return "\n".join(lines) + "\n"


def _published(row: ParameterRow) -> str:
    if row.published is None:
        return "not published"
    return f"{row.published / 1e9:.3g} G (rounded)" if row.rounded else f"{row.published:,.0f}"
