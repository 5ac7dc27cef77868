"""PyTorch profiler traces: the Chrome trace that Kineto writes, plain or gzip, of NVIDIA and AMD devices.

Times are microseconds with fractions, whatever ``displayTimeUnit`` says (Trace Event Format, Google, 2016).
``correlation`` ties a kernel to the runtime call that launched it, ``External id`` both to the operator around it;
where ids are absent, the operator is the innermost one around the launch. Categories and fields as written by
Kineto's ``output_json.cpp``; those of its predecessor in PyTorch 1.8 are read too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tracer.events.builder import TraceBuilder
from tracer.events.operator_arguments import RecordedArguments, message_of
from tracer.events.operator_table import Names
from tracer.events.pairs import BeginEndPairs
from tracer.storage.json_stream import JsonStream, Progress, text_chunks
from tracer.trace import KernelKind, RunFacts, Trace, TraceFormatError

__all__ = ["EVENT_KINDS", "VARIABLE_MAP", "read", "recognises"]

#: Field of ours -> names that versions of the profiler gave it, in lower case.
VARIABLE_MAP: Mapping[str, tuple[str, ...]] = {
    "shapes": ("input dims",),
    "types": ("input type",),
    "strides": ("input strides",),
    "values": ("concrete inputs",),
    "external": ("external id",),
    "correlation": ("correlation", "correlation id"),
    "device": ("device",),
    "stream": ("stream",),
    "grid": ("grid",),
    "block": ("block",),
}
#: Category of an event, in lower case -> what it is.
EVENT_KINDS: Mapping[str, str] = {
    "cpu_op": "call",
    "operator": "call",
    "kernel": "kernel",
    "gpu_memcpy": "memcpy",
    "memcpy": "memcpy",
    "gpu_memset": "memset",
    "memset": "memset",
    **dict.fromkeys(
        (
            f"{prefix}{layer}"
            for prefix in ("", "cuda_", "hip_", "xpu_", "privateuse1_", "mtia_", "glow_", "hpu_")
            for layer in ("runtime", "driver")
        ),
        "host",
    ),
    "user_annotation": "annotation",
    "python_function": "python",
}
# Not part of a run: summaries, memory samples, arrows between events, and the profiler's own doings.
_NOT_RUN = (
    "gpu_user_annotation cpu_instant_event overhead trace ac2g fwdbwd async_cpu_to_gpu instant cuda_sync "
    "cuda_profiler_range cuda_event cpu_event counter xpu_sync gpu_pm_counter collective_comm"
)
_CONTEXT = frozenset(_NOT_RUN.split())
_KERNEL_KINDS = {"kernel": KernelKind.KERNEL, "memcpy": KernelKind.MEMCPY, "memset": KernelKind.MEMSET}
_MODULE = "nn.Module: "
# Arrows from launches to kernels: of Kineto, of its predecessor, and of torch_npu.
_ARROWS = frozenset({"ac2g", "async_cpu_to_gpu", "async_npu", "HostToDevice"})
# Processes of the profiler before Kineto (torch/autograd/profiler_util.py); what to say of events without categories.
_LEGACY = ("CPU functions", "CUDA functions")
_NO_CATEGORIES = (
    "events without categories, so that device events cannot be told from others; take the trace with torch.profiler",
    "trace of the legacy autograd profiler (no categories), which is not supported: its events name no launches; "
    "take it with torch.profiler",
)
_HEAD = 4096
# Ids have up to 64 bits, of which the lower 62 tell them apart.
_LONGEST_ID = 40
_ID_BITS = (1 << 62) - 1
# Times beyond this are no times: seventy years, in microseconds.
_LATEST = 2**51
_SIGNS = re.compile(r'"(traceEvents|deviceProperties|baseTimeNanoseconds|displayTimeUnit)"|"ph"\s*:\s*"')
# Facts of the run among the outermost members; environment variables and package lists are left where they are.
_KEPT = (
    "cuda_runtime_version cuda_driver_version hip_runtime_version hip_driver_version cupti_version record_shapes "
    "with_stack with_modules profile_memory with_flops"
)
_FACTS = frozenset(_KEPT.split())


def recognises(path: Path) -> bool:
    """Whether the file begins as a Chrome trace does, or says further on that it is one of Kineto's."""
    tail = head = ""
    for chunk in text_chunks(path, _HEAD):
        head = head or chunk
        if head.lstrip()[:1] not in ("{", "["):
            return False
        # Metadata of any length may come first.
        tail = tail[-64:] + chunk
        if _SIGNS.search(tail):
            return '"schema"' not in head or '"traceEvents"' in head
    return False


def read(path: Path, progress: Progress | None = None) -> Trace:
    """The trace; memory grows with the number of operator calls and device events, by some 150 bytes each.

    Raises
    ------
    TraceFormatError
        The file is cut off, is not JSON, or has neither operators nor device events.
    """
    reader = _Reader()
    with JsonStream(path, progress) as stream:
        for key, value in stream.members("traceEvents"):
            if key == "traceEvents":
                reader.event(value)
            else:
                reader.member(key, value)
    if stream.trailing is not None:
        reader.trailing(stream.trailing)
    return reader.build(path)


class _Reader:
    """Sorts events into a builder, and keeps what the file says about the run."""

    def __init__(self) -> None:
        self._builder = TraceBuilder()
        self._threads = Names()
        self._base: int | None = None
        self._device = ""
        self._world = 1
        self._settings: dict[str, bool | int | float | str] = {}
        self._pairs = BeginEndPairs()
        self._categories = 0
        self._legacy = False
        self._used_devices: set[int] = set()
        self._devices: dict[int, str] = {}
        self._kinds: dict[str, str] = {}
        self._handlers: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any], int, int], None]] = {
            "call": self._call,
            "kernel": self._kernel,
            "memcpy": self._kernel,
            "memset": self._kernel,
            "host": self._host,
            "annotation": self._annotation,
            "python": self._python,
        }

    def member(self, key: str, value: Any) -> None:
        """An outermost member beside the events."""
        if key == "deviceProperties" and isinstance(value, list):
            for item in value:
                if isinstance(item, dict) and isinstance(item.get("id"), int):
                    self._devices[item["id"]] = str(item.get("name", ""))
        elif key == "distributedInfo" and isinstance(value, dict):
            size = value.get("world_size")
            self._world = size if isinstance(size, int) and size > 0 else 1
        elif key in _FACTS and isinstance(value, bool | int | float | str):
            self._settings[key] = value

    def trailing(self, byte: int) -> None:
        """Something follows the end of the trace."""
        self._builder.skip(f"text after the end of the trace, at byte {byte}")

    def event(self, event: Any) -> None:
        """One element of the list of events."""
        if not isinstance(event, dict):
            self._builder.skip("event that is not an object")
            return
        phase = event.get("ph")
        if phase == "X":
            self._whole(event, self._length(event.get("dur")))
        elif phase == "B":
            self._pairs.begin(self._track(event), event)
        elif phase == "E":
            pair = self._pairs.end(self._track(event), event)
            if pair is not None:
                self._whole(pair[0], self._between(pair[0].get("ts"), pair[1]))
        elif phase in ("s", "f") and str(event.get("cat")) in _ARROWS:
            at = self._nanoseconds(event.get("ts"))
            if at is not None:
                name = f"{event.get('cat')} {event.get('id')}"
                self._builder.add_arrow(name, track=self._thread(event), at=at, end=phase == "f")

    def _whole(self, event: Mapping[str, Any], duration: int | None) -> None:
        """An event that has a start and a duration, or should have."""
        kind = self._kind(event.get("cat"))
        self._categories += bool(event.get("cat"))
        self._legacy |= event.get("pid") in _LEGACY
        if kind == "python" and not str(event.get("name", "")).startswith(_MODULE):
            return
        if kind not in self._handlers:
            if kind:
                self._builder.skip(kind)
            return
        start = self._nanoseconds(event.get("ts"))
        if start is None or duration is None:
            self._builder.skip(f"{kind} without a finite time")
            return
        if kind in _KERNEL_KINDS and not _number(event.get("ts")) and not duration:
            self._builder.skip("device event without times (ts and dur are 0)")
            return
        arguments = event.get("args")
        self._handlers[kind](event, arguments if isinstance(arguments, dict) else {}, start, duration)

    def _kind(self, category: Any) -> str:
        """What a category of events is; empty for one that is no part of a run, else why it is not read."""
        name = category if isinstance(category, str) else ""
        if name not in self._kinds:
            plain = name.lower()
            unknown = "" if plain in _CONTEXT else f"event of category {plain or 'none'!r}"
            self._kinds[name] = EVENT_KINDS.get(plain, unknown)
        return self._kinds[name]

    def build(self, path: Path) -> Trace:
        """The trace of all events."""
        self._count_open()
        if not self._categories and self._builder.skipped:
            raise TraceFormatError(f"{path}: {_NO_CATEGORIES[self._legacy]}")
        used = sorted(self._used_devices)
        names = {self._devices[i] for i in used if i in self._devices} or set(self._devices.values())
        facts = RunFacts(
            format="kineto",
            device=" + ".join(sorted(names)),
            num_devices=max(self._world, len(used), 1),
            settings=tuple(sorted(self._settings.items())),
        )
        return self._builder.build(_stem(path), facts, self._threads.all())

    def _count_open(self) -> None:
        """Count begins without an end and ends without a begin."""
        begun = sum(self._kind(event.get("cat")) in self._handlers for event in self._pairs.waiting)
        for _ in range(begun + self._pairs.unmatched):
            self._builder.skip("event that begins and does not end, or ends only")

    def _nanoseconds(self, microseconds: Any) -> int | None:
        """Time since the first event, so that the fraction of a large number of microseconds survives."""
        value = _number(microseconds)
        if value is None or abs(value) > _LATEST:
            return None
        whole = int(value)
        if self._base is None:
            self._base = whole
        return (whole - self._base) * 1000 + round((value - whole) * 1000)

    def _length(self, microseconds: Any) -> int | None:
        value = _number(microseconds)
        return None if value is None else round(value * 1000)

    def _between(self, start: Any, end: Any) -> int | None:
        first, last = self._nanoseconds(start), self._nanoseconds(end)
        return None if first is None or last is None else last - first

    def _track(self, event: Mapping[str, Any]) -> str:
        return f"{event.get('pid')}/{event.get('tid')}"

    def _thread(self, event: Mapping[str, Any]) -> int:
        return self._threads.number(self._track(event))

    def _call(self, event: Mapping[str, Any], arguments: Mapping[str, Any], start: int, duration: int) -> None:
        fields = {name.lower(): value for name, value in arguments.items()}
        lists = {name: _list(_field(fields, name)) for name in ("shapes", "types", "strides", "values")}
        name, recorded = message_of(fields) or (str(event.get("name", "")), RecordedArguments(**lists))
        self._builder.add_call(
            name,
            recorded,
            start=start,
            duration=duration,
            thread=self._thread(event),
            external=_id(_field(fields, "external")),
        )

    def _kernel(self, event: Mapping[str, Any], arguments: Mapping[str, Any], start: int, duration: int) -> None:
        fields = {name.lower(): value for name, value in arguments.items()}
        device = _id(_field(fields, "device"))
        self._used_devices.add(max(device, 0))
        self._builder.add_kernel(
            str(event.get("name", "")),
            start=start,
            duration=duration,
            kind=_KERNEL_KINDS[EVENT_KINDS[str(event["cat"]).lower()]],
            correlation=_id(_field(fields, "correlation")),
            external=_id(_field(fields, "external")),
            device=max(device, 0),
            stream=max(_id(_field(fields, "stream")), 0),
            track=self._thread(event),
            grid=_grid(_field(fields, "grid"), _field(fields, "block")),
        )

    def _host(self, event: Mapping[str, Any], arguments: Mapping[str, Any], start: int, duration: int) -> None:
        fields = {name.lower(): value for name, value in arguments.items()}
        self._builder.add_host_call(
            str(event.get("name", "")),
            start=start,
            duration=duration,
            thread=self._thread(event),
            correlation=_id(_field(fields, "correlation")),
            external=_id(_field(fields, "external")),
        )

    def _annotation(self, event: Mapping[str, Any], arguments: Mapping[str, Any], start: int, duration: int) -> None:
        name = str(event.get("name", ""))
        self._builder.add_annotation(name, start=start, duration=duration, thread=self._thread(event))

    def _python(self, event: Mapping[str, Any], arguments: Mapping[str, Any], start: int, duration: int) -> None:
        name = str(event["name"]).removeprefix(_MODULE)
        self._builder.add_module(name, start=start, duration=duration, thread=self._thread(event))


def _grid(blocks: Any, threads: Any) -> tuple[int, ...]:
    """Blocks and threads in x, y and z; nothing where the profiler did not record both."""
    sizes = (*_list(blocks), *_list(threads))
    return sizes if len(sizes) == 6 and all(type(size) is int and 0 < size < 2**32 for size in sizes) else ()


def _field(fields: Mapping[str, Any], name: str) -> Any:
    return next((fields[key] for key in VARIABLE_MAP[name] if key in fields), None)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    """Finite number, also one given as text."""
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        return float(value) if plain and math.isfinite(value) else None
    except OverflowError:
        return None


def _id(value: Any) -> int:
    """Number of an event, -1 where it has none; whole numbers keep all their digits."""
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < _LONGEST_ID:
        value = int(value)
    if type(value) is int:
        return value & _ID_BITS if value >= 0 else -1
    number = _number(value)
    return int(number) & _ID_BITS if number is not None and number >= 0 else -1


def _stem(path: Path) -> str:
    name = path.name
    for suffix in (".gz", ".json", ".trace", ".pt"):
        name = name.removesuffix(suffix)
    return name or path.name
