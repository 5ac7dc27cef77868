"""A recording as a program: steps that its results need, in an order, with registers that are used again.

Steps that are whole functions are carried out between those of single numbers, all of one function at once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .interpreter import OPERATIONS, carry_out
from .tape import Cell, Recording, Ref

__all__ = ["BLOCK", "Function", "Program"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Accelerators that a step goes over at once: their registers stay in the caches of a core.
BLOCK = 128

#: Function of all registers and of those that calls are given, shape (num_calls, num_cells), which gives their results
#: by name, arrays of shape (num_calls, num_accelerators).
CarriedOut = Callable[[FloatArray, IntArray], Mapping[str, FloatArray]]
#: Makes it from the details of the calls.
Function = Callable[[Sequence[Hashable]], CarriedOut]


class _Calls(NamedTuple):
    """Calls of one function: registers of what it is given, and of its results by name with the calls they are of."""

    function: CarriedOut
    given: IntArray
    results: tuple[tuple[str, IntArray, IntArray], ...]


class _Stage(NamedTuple):
    """Steps of single numbers, and the calls that follow them."""

    code: IntArray
    numbers: FloatArray
    calls: tuple[_Calls, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Results of a recording as functions of its inputs.

    Attributes
    ----------
    inputs : tuple of str
        Their registers are the first.
    constants : array
        Numbers that are given to functions or are results, in the registers after those.
    stages : tuple
    results : array of int
        Registers of the results.
    num_registers : int
    """

    inputs: tuple[str, ...]
    constants: FloatArray
    stages: tuple[_Stage, ...]
    results: IntArray
    num_registers: int

    @classmethod
    def of(cls, recording: Recording, results: Sequence[Cell], functions: Mapping[str, Function]) -> Program:
        """Program of some results.

        Parameters
        ----------
        recording : Recording
        results : sequence of Ref or float
        functions : mapping of str to Function
            By the name of a call, the first entry of its detail.
        """
        return _Compilation(recording, results, functions).program()

    def run(self, inputs: Mapping[str, FloatArray], count: int) -> FloatArray:
        """Results for some accelerators, shape (num_results, num_accelerators).

        Parameters
        ----------
        inputs : mapping of str to array of shape (num_accelerators,)
        count : int
            Number of accelerators.
        """
        given = np.array([inputs[name] for name in self.inputs]).reshape(len(self.inputs), count)
        found = np.empty((len(self.results), count))
        registers = np.zeros((self.num_registers, BLOCK))
        registers[len(given) : len(given) + len(self.constants)] = self.constants[:, None]
        for start in range(0, count, BLOCK):
            part = given[:, start : start + BLOCK]
            width = part.shape[1]
            registers[: len(given), :width] = part
            registers[: len(given), width:] = part[:, -1:]
            self._block(registers)
            found[:, start : start + width] = registers[self.results, :width]
        return found

    def _block(self, registers: FloatArray) -> None:
        for stage in self.stages:
            carry_out(stage.code, stage.numbers, registers)
            for calls in stage.calls:
                found = calls.function(registers, calls.given)
                for name, of_call, register in calls.results:
                    registers[register] = found[name][of_call]


class _Compilation:
    """A program in the making."""

    def __init__(self, recording: Recording, results: Sequence[Cell], functions: Mapping[str, Function]) -> None:
        """Of a recording: what is needed, and after how many calls in a row it is known."""
        self._steps, self._results, self._functions = recording.steps, list(results), functions
        self._needed = self._marked()
        self._level = self._levels()
        self._inputs = tuple(str(self._steps[at].detail) for at in self._needed if self._steps[at].name == "input")
        self._constants = self._numbers_of_calls()
        first = len(self._inputs) + len(self._constants)
        self._register: dict[int, int] = {}
        self._free: list[int] = []
        self._count = first

    def _marked(self) -> list[int]:
        """Positions of the steps that results need, in order."""
        open_, found = [cell.at for cell in self._results if type(cell) is Ref], set[int]()
        while open_:
            at = open_.pop()
            if at not in found:
                found.add(at)
                open_ += [cell.at for cell in self._steps[at].cells if type(cell) is Ref]
        return sorted(found)

    def _levels(self) -> dict[int, int]:
        level = dict[int, int]()
        for at in self._needed:
            name, cells, _ = self._steps[at]
            before = max((level[cell.at] for cell in cells if type(cell) is Ref), default=0)
            level[at] = before + (name == "output")
        return level

    def _numbers_of_calls(self) -> dict[float, int]:
        """Registers of numbers that functions are given or that are results."""
        calls = [self._steps[at].cells for at in self._needed if self._steps[at].name == "call"]
        cells = [cell for given in (*calls, self._results) for cell in given if type(cell) is not Ref]
        return {value: len(self._inputs) + at for at, value in enumerate(dict.fromkeys(map(float, cells)))}

    def program(self) -> Program:
        """The program."""
        for at in self._needed:
            if self._steps[at].name == "input":
                self._register[at] = self._inputs.index(str(self._steps[at].detail))
        last = self._last_uses()
        stages = tuple(self._stage(level, last) for level in range(max(self._level.values(), default=0) + 1))
        return Program(
            inputs=self._inputs,
            constants=np.array(list(self._constants), dtype=np.float64),
            stages=stages,
            results=np.array([self._place(cell) for cell in self._results], dtype=np.int64),
            num_registers=self._count,
        )

    def _order(self, at: int) -> tuple[int, bool, int]:
        """When a step is carried out."""
        name = self._steps[at].name
        return (self._level[at] - (name == "output"), name in ("call", "output"), at)

    def _last_uses(self) -> dict[int, tuple[int, bool, int]]:
        """When each result of a step is used for the last time; never again where it is a result of the program."""
        last = dict[int, tuple[int, bool, int]]()
        for at in self._needed:
            for cell in self._steps[at].cells:
                if type(cell) is Ref:
                    last[cell.at] = max(last.get(cell.at, (-1, False, 0)), self._order(at))
        kept = {cell.at: (len(self._steps), True, 0) for cell in self._results if type(cell) is Ref}
        return last | kept

    def _place(self, cell: Cell) -> int:
        return self._register[cell.at] if type(cell) is Ref else self._constants[float(cell)]

    def _stage(self, level: int, last: Mapping[int, tuple[int, bool, int]]) -> _Stage:
        own = [at for at in self._needed if self._level[at] == level]
        code, numbers = list[list[int]](), list[list[float]]()
        for at in own:
            if self._steps[at].name in ("input", "call", "output"):
                continue
            self._register[at] = self._new_register()
            line, values = self._instruction(at)
            code.append(line)
            numbers.append(values)
            self._release(at, last)
        calls = [at for at in own if self._steps[at].name == "call"]
        grouped = tuple(self._calls(name, calls) for name in dict.fromkeys(self._kind(at) for at in calls))
        return _Stage(
            code=np.array(code, dtype=np.int64).reshape(-1, 6),
            numbers=np.array(numbers, dtype=np.float64).reshape(-1, 2),
            calls=grouped,
        )

    def _new_register(self) -> int:
        if self._free:
            return self._free.pop()
        self._count += 1
        return self._count - 1

    def _release(self, at: int, last: Mapping[int, tuple[int, bool, int]]) -> None:
        """Registers that nothing after this step reads are free for others."""
        for used in {cell.at for cell in self._steps[at].cells if type(cell) is Ref}:
            if last[used] == self._order(at) and self._register[used] >= len(self._inputs) + len(self._constants):
                self._free.append(self._register[used])

    def _instruction(self, at: int) -> tuple[list[int], list[float]]:
        name, cells, _ = self._steps[at]
        condition, operands = (cells[0], cells[1:]) if name == "where" else (None, cells)
        a, b = (*operands, operands[0])[:2]
        values = (1 if type(b) is not Ref else 0) + (2 if type(a) is not Ref else 0)
        registers = [self._register[cell.at] if type(cell) is Ref else 0 for cell in (a, b, condition)]
        known = [0.0 if type(cell) is Ref else float(cell) for cell in (a, b)]
        return [OPERATIONS.index(name), values, self._register[at], *registers], known

    def _kind(self, at: int) -> str:
        detail = self._steps[at].detail
        return str(detail[0]) if isinstance(detail, tuple) else ""

    def _calls(self, kind: str, calls: Sequence[int]) -> _Calls:
        """All calls of a function in a stage, and registers for their results."""
        own = [at for at in calls if self._kind(at) == kind]
        given = [[self._place(cell) for cell in self._steps[at].cells] for at in own]
        position = {at: i for i, at in enumerate(own)}
        results: dict[str, list[tuple[int, int]]] = {}
        for at in self._needed:
            name, cells, detail = self._steps[at]
            if name == "output" and cells[0].at in position:
                self._register[at] = self._new_register()
                results.setdefault(str(detail), []).append((position[cells[0].at], self._register[at]))
        return _Calls(
            function=self._functions[kind]([self._steps[at].detail for at in own]),
            given=np.array(given, dtype=np.int64),
            results=tuple((name, *np.array(pairs).T) for name, pairs in results.items()),
        )
