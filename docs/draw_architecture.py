"""Draw which room imports which, from the code: ``python docs/draw_architecture.py`` writes docs/architecture.svg.

A room is a folder of a package, or a module that lies in the package itself. A dot at row A and column B says that some
module of A imports one of B; imports of a package's public names, which point everywhere, are left out. Rooms are
ordered so that imports point to the left: a dot right of the diagonal would be a cycle between rooms.
"""

from __future__ import annotations

from pathlib import Path

import grimp
import matplotlib as mpl
from matplotlib.figure import Figure

from hw_specs.output import writing

PACKAGES = ("hw_specs", "tracer", "simulator", "validation")
PICTURE = Path(__file__).parent / "architecture.svg"
_COLOURS = {"hw_specs": "#4c72b0", "tracer": "#55a868", "simulator": "#c44e52", "validation": "#8172b3"}

Edges = set[tuple[str, str]]


def room_of(module: str) -> str:
    """Folder or module of a package that a module is, or lies in."""
    return ".".join(module.split(".")[:2])


def room_imports() -> tuple[list[str], Edges]:
    """Rooms from those that import least, and pairs of importing and imported rooms."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True)
    modules = graph.modules - set(PACKAGES)
    edges = {
        (room_of(importer), room_of(imported))
        for importer in modules
        for imported in graph.find_modules_directly_imported_by(importer) - set(PACKAGES)
    }
    edges = {(a, b) for a, b in edges if a != b}
    return _ordered({room_of(module) for module in modules}, edges), edges


def _ordered(rooms: set[str], edges: Edges) -> list[str]:
    """Rooms package by package; within one, each after as many as possible of those that it imports."""
    placed: list[str] = []
    while len(placed) < len(rooms):
        waiting = [room for room in rooms if room not in placed]
        placed.append(min(waiting, key=lambda room: _rank(room, waiting, edges)))
    return placed


def _rank(room: str, waiting: list[str], edges: Edges) -> tuple[int, int, str]:
    package = room.partition(".")[0]
    needed = sum((room, other) in edges for other in waiting if other.partition(".")[0] == package)
    return PACKAGES.index(package), needed, room


def draw(rooms: list[str], edges: Edges) -> Figure:
    """The matrix of rooms."""
    size = len(rooms)
    figure = Figure(figsize=(11, 11), layout="constrained")
    axes = figure.add_subplot()
    place = {room: index for index, room in enumerate(rooms)}
    for importer, imported in sorted(edges):
        colour = _COLOURS[imported.partition(".")[0]]
        axes.plot(place[imported], place[importer], "o", color=colour, markersize=5)
    axes.plot([-0.5, size - 0.5], [-0.5, size - 0.5], color="0.6", linewidth=1)
    for index, room in enumerate(rooms[1:]):
        if room.partition(".")[0] != rooms[index].partition(".")[0]:
            axes.axhline(index + 0.5, color="0.8")
            axes.axvline(index + 0.5, color="0.8")
    axes.set(xlim=(-0.5, size - 0.5), ylim=(size - 0.5, -0.5), aspect="equal")
    axes.set_yticks(range(size), rooms, fontsize=7)
    axes.set_xticks(range(size), rooms, rotation=90, fontsize=7)
    axes.xaxis.tick_top()
    axes.grid(color="0.95")
    axes.set_axisbelow(True)
    axes.set_title("A room (row) imports a room (column)")
    return figure


def main() -> None:
    """Write the picture."""
    rooms, edges = room_imports()
    # Text stays text, and the same code gives the same file.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "roofcast"}), writing(PICTURE) as stream:
        draw(rooms, edges).savefig(stream, format="svg", metadata={"Date": None})
    print(f"{PICTURE}: {len(rooms)} rooms, {len(edges)} imports between them")


if __name__ == "__main__":
    main()
