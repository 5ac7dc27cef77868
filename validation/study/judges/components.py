"""What the models of a suite consist of."""

from __future__ import annotations

from collections.abc import Sequence

from validation.study.findings import Finding, Tables, UntestableError, listed, named_table

__all__ = ["components_of", "size_of_suite"]


def size_of_suite(tables: Tables) -> Finding:
    """Number of models: ``models``, of which ``stand_ins``."""
    rows = named_table(tables, "taxonomy").rows
    stand_ins = sum(bool(row["stand_in"]) for row in rows)
    return Finding(
        ours=f"{len(rows)} models, of which {stand_ins} stand-in",
        values={"models": len(rows), "stand_ins": stand_ins},
    )


def components_of(tables: Tables, *, diffusion: Sequence[str], transformer: Sequence[str]) -> Finding:
    """Components of named models: ``fewest``; and how many are built as the statement has them: ``as_stated``."""
    stages, table = named_table(tables, "stages"), named_table(tables, "taxonomy")
    stated = dict.fromkeys(diffusion, "diffusion") | dict.fromkeys(transformer, "transformer")
    missing = [name for name in stated if name not in table.distinct("model")]
    if missing:
        raise UntestableError(f"{', '.join(missing)} not in the suite")
    counts = {name: len(stages.distinct("component", model=name)) for name in stated}
    right = sum(table.distinct("architecture", model=name) == [kind] for name, kind in stated.items())
    return Finding(
        ours=f"components: {listed(counts, '{}')}; {right} of {len(stated)} are built as stated",
        values={"fewest": min(counts.values()), "as_stated": right},
    )
