"""Feed mutants of files to every reader and command: ``python benchmarks/mutants.py [MUTANTS] [SEED] [FOLDER...]``.

Each mutant is a file that a tool, a user or an attacker might hand over: a valid one with values replaced (numbers
beyond 64 bits, NaN, deep nesting, half of a surrogate pair, other types), with bytes changed, or cut off. What comes of
it must be a result, or one line and exit status 2, within ten seconds and a gigabyte. Everything else is printed with
the file, which is kept. Files in FOLDER are mutated beside those that the script makes itself.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
import math
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

ROOT = Path(__file__).parents[1]
_LONGEST, _MOST_MEMORY, _BATCH = 10, 1 << 30, 25
NASTY: list[Any] = [
    *(0, -1, 1, 2**31, -(2**31), 2**53, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, 10**400, 1e-320, 1e308, -1e308),
    *(math.inf, -math.inf, math.nan, "", "x", "\ud800", "\0", "x" * 5000, "1e999", "-2x", "1e-200x", "nan", "inf B/s"),
    *(None, True, [], {}, [[]], {"a": 1}, [1, 2, 3], "ünï 漢字", "1 nB", "0 Hz", "1e30 B/s", "../../etc/passwd"),
]


# Command lines whose words are changed.
_OPTIONS = {
    "set": "simulate --hw a100 --model stable-diffusion --set memory.dram.bandwidth=2x --format json",
    "batch": "simulate --hw a100 --model stable-diffusion --batch 2 --num-inference-steps 20 --height 512",
    "scheme": "simulate --hw h100 --model sdxl --quantize fp8-row --attention flash --parallel ulysses=2",
    "language": "simulate --hw h100 --model llama2-7b --software torch-2.6 --versus batch=4 --explain gemm",
    "scale": "whatif scale --hw h100 --model stable-diffusion --axis batch --values 1,2,4",
    "compare": "whatif compare --model stable-diffusion --hw a100 --hw h100 --attention naive",
    "sensitivity": "whatif sensitivity --hw a100 --model stable-diffusion",
    "show": "hwspec show h100 --set cores.count=100",
    "lengths": "trace lengths --model stable-diffusion --repeats 2 --format csv",
}
_PUBLISHED = (
    "id,model,component,device,n_devices,precision,attention_impl,compile,batch,height,width,frames,steps,guidance,"
    "metric,value,memory_gb,source,notes\n"
    """\
a-1,Stable Diffusion v1.5,pipeline,NVIDIA A100,1,fp16,sdpa,eager,1,512,512,1,50,yes,latency_s,2.1,,me,q=B; torch2.1
a-2,SDXL,pipeline,NVIDIA H100 SXM,1,bf16,flash,compile,1,1024,1024,1,50,yes,it_per_s,20.5,12.2,somebody,q=B
"""
)
_KERNELS = """\
device,op,input_shapes,dtype,attributes,latency_s,kernel,source
a100,aten::mm,"[[4096, 4096], [4096, 4096]]",float16,{},0.0006,gemm,mine
a100,aten::relu,"[[4096, 4096]]",float16,{},0.0001,,mine
"""
_CONFIG = {
    **{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 256, "intermediate_size": 512},
    **{"num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2, "vocab_size": 1000},
    **{"max_position_embeddings": 2048, "torch_dtype": "bfloat16", "rms_norm_eps": 1e-5, "tie_word_embeddings": False},
}


class _TooLongError(BaseException):
    """A mutant took more time than is allowed."""


def main(number: int, seed: int, folders: list[Path]) -> int:
    """Run mutants; the number of findings."""
    rng, found, done = random.Random(seed), Counter[str](), 0  # noqa: S311
    with tempfile.TemporaryDirectory() as work:
        seeds = _seeds(Path(work), folders)
        while done < number:
            for line in _batch(Path(work), seeds, rng.randrange(2**32)):
                found[line] += 1
                print(line, flush=True)
            done += _BATCH
            if done % 500 == 0:
                print(f"{done} mutants, {sum(found.values())} findings", flush=True)
    print(f"{done} mutants of {len(seeds)} files: {sum(found.values())} findings, {len(found)} distinct")
    return len(found)


def _batch(work: Path, seeds: list[Path], seed: int) -> list[str]:
    """Findings of a child process that runs some mutants; one that it died of is among them."""
    log = work / "log"
    log.write_text("")
    child = os.fork()
    if child == 0:
        try:
            _child(work, seeds, seed, log)
        finally:
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    lines = log.read_text(errors="replace").splitlines()
    findings = [line for line in lines if not line.startswith("at ")]
    if os.WIFSIGNALED(status):
        last = next(line for line in reversed(lines) if line.startswith("at "))
        findings.append(f"killed by signal {os.WTERMSIG(status)} {last}{_kept(Path(last.split()[-1]))}")
    return findings


def _child(work: Path, seeds: list[Path], seed: int, log: Path) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _trace_nothing()
    rng = random.Random(seed)  # noqa: S311
    with log.open("a", errors="backslashreplace") as out:
        for number in range(_BATCH):
            source = rng.choice(seeds)
            path = work / f"mutant{number}{''.join(source.suffixes)}"
            try:
                _mutate(source, path, rng)
            except Exception as error:  # a mutant that cannot be made
                print(f"cannot mutate {source}: {error!r}", file=sys.__stderr__)
                continue
            for argv in _commands(path, source, rng):
                out.write(f"at {argv[0]} {path}\n")
                out.flush()
                said = _run(argv)
                if os.environ.get("VERBOSE"):
                    print(argv[0], source.name, said or "well", file=sys.__stderr__)
                if said:
                    out.write(f"{said} | {' '.join(argv)}{_kept(path)}\n")
                    out.flush()
    os._exit(0)


def _trace_nothing() -> None:
    """Workloads that would be traced anew are refused: that takes torch, and long."""
    from tracer.library import graphs

    def refused(*_: object) -> None:
        raise graphs.MissingTracerError("not traced here")

    graphs._traced = refused


def _kept(path: Path) -> str:
    folder = Path(tempfile.gettempdir()) / "roofcast-mutants"
    folder.mkdir(exist_ok=True)
    target = folder / f"{time.time_ns()}{''.join(path.suffixes)}"
    with contextlib.suppress(OSError):
        shutil.copy(path, target)
    return f" | kept as {target}"


def _run(argv: list[str]) -> str:
    """What is wrong with how a command ends; empty where nothing is."""
    from hw_specs.__main__ import main as hwspec
    from simulator.__main__ import main as simulate
    from simulator.whatif.__main__ import main as whatif
    from tracer.__main__ import main as trace
    from validation.__main__ import main as validate

    mains: dict[str, Callable[[], None]] = {
        **{"hwspec": hwspec, "simulate": simulate, "trace": trace, "validate": validate, "whatif": whatif}
    }
    out, err, status = io.StringIO(), io.StringIO(), 0
    sys.argv = argv
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(_LONGEST)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            mains[argv[0]]()
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except _TooLongError:
        return f"more than {_LONGEST} s at {_innermost(sys.exc_info()[2])}"
    except BaseException as error:
        return f"{type(error).__name__} {str(error)[:80]!r} at {_innermost(error.__traceback__)}"
    finally:
        signal.alarm(0)
    memory = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    if memory > _MOST_MEMORY:
        return f"{memory >> 20} MB"
    return _said(status, "" if "convert" in argv else out.getvalue(), err.getvalue())


def _said(status: int, out: str, err: str) -> str:
    if "Traceback" in err:
        return f"traceback printed: {err.splitlines()[-1][:100]}"
    if status not in (0, 1, 2):
        return f"status {status}"
    if status == 2 and not err.strip():
        return "status 2 without a line"
    if status == 2 and any(
        not line.startswith(("simulate: ", "hwspec: ", "validate: ", "trace: ", "whatif: ")) and "mutant" not in line
        for line in err.splitlines()
    ):
        return f"status 2 with {err.splitlines()[:2]}"
    if status == 0 and (" nan" in out or " inf " in out or "NaN" in out or "Infinity" in out):
        return "a figure that is none"
    if status == 0 and re.search(r"\d{11,}(\.\d+)? ?(s|%|ms)\b", out):
        return "a figure that nobody believes"
    if "not as" in err and "is written" in err:
        return (
            f"(unforeseen, one line) {err.strip()[err.find('is written:') :][:120]}"
            if os.environ.get("UNFORESEEN")
            else ""
        )
    return ""


def _too_long(*_: object) -> None:
    raise _TooLongError


def _innermost(at: Any) -> str:
    ours = [
        frame
        for frame in traceback.extract_tb(at)
        if str(ROOT) in frame.filename and "benchmarks" not in frame.filename
    ]
    return f"{Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].lineno}" if ours else "?"


def _commands(path: Path, source: Path, rng: random.Random) -> list[list[str]]:
    """Command lines that read a mutant."""
    file, kind = str(path), source.name
    if kind.startswith("accelerator"):
        model = rng.choice(["stable-diffusion", "sdxl"])
        return [
            rng.choice([["hwspec", "check", file], ["hwspec", "show", file], ["hwspec", "convert", file]]),
            ["simulate", "--hw", file, "--model", model],
        ]
    if kind.startswith("host"):
        return [["simulate", "--hw", "a100", "--model", "stable-diffusion", "--host", file]]
    if kind.startswith("scheme"):
        return [["simulate", "--hw", "h100", "--model", "stable-diffusion", "--quantize", file]]
    if kind.startswith("calibration"):
        return [["simulate", "--hw", "a100", "--model", "stable-diffusion", "--calibration", file]]
    if kind.startswith("study"):
        return [["whatif", "sweep", file, "-o", f"{path.parent}/results{rng.random()}"]]
    if kind.startswith("options"):
        try:
            options = json.loads(path.read_text(errors="replace"))
        except (ValueError, RecursionError):
            return []
        words = [str(given).replace("\0", "") for given in options] if isinstance(options, list) else []
        # What would write a file, or measure this machine, is none of it.
        return [words] if words[:1] and words[0] in ("simulate", "whatif", "hwspec", "trace") else []
    if kind == "config.json":
        folder = path.with_suffix("")
        folder.mkdir(exist_ok=True)
        shutil.copy(path, folder / "config.json")
        return [["simulate", "--hw", "h100", "--model", str(folder)]]
    if kind.startswith("published"):
        return [["validate", "published", file]]
    if kind.startswith("kernels"):
        return [["validate", "kernels", file]]
    if source.suffix == ".npz":
        return [["simulate", "--hw", rng.choice(["a100", "mi300x", "tpu_v5e"]), "--graph", file]]
    return [
        rng.choice(
            [
                ["validate", "trace", file, "--hw", "a100"],
                ["validate", "trace", file, "--hw", "a100", "--format", "json"],
                ["simulate", "--trace", file, "--hw", "h200", "--from", "a100"],
                ["simulate", "--trace", file, "--hw", "h200", "--from", "a100", "--format", "json"],
            ]
        )
    ]


def _mutate(source: Path, path: Path, rng: random.Random) -> None:
    """A mutant of a file: of its content where that is understood, else of its bytes."""
    structured = {
        ".json": _json,
        ".yaml": _yaml,
        ".npz": _archive,
        ".trace": _archive,
        ".csv": _csv,
        ".sqlite": _sqlite,
    }
    change = structured.get(source.suffix)
    if change is not None and rng.random() < 0.75:
        try:
            change(source, path, rng)
            return
        except (ValueError, sqlite3.Error, yaml.YAMLError, RecursionError):
            pass
    raw = _bytes(source.read_bytes(), rng)
    if rng.random() < 0.1:
        raw = gzip.compress(raw + rng.choice([b"", b" " * (1 << 20)]))
    path.write_bytes(raw if rng.random() < 0.8 else raw[: rng.randrange(len(raw) + 1)])


def _bytes(raw: bytes, rng: random.Random) -> bytes:
    data = bytearray(raw)
    for _ in range(rng.choice([1, 1, 2, 5, 30])):
        if not data:
            break
        at, way = rng.randrange(len(data)), rng.randrange(6)
        if way == 0:
            data[at] = rng.randrange(256)
        elif way == 1:
            del data[at : at + rng.choice([1, 2, 8, 100])]
        elif way == 2:
            data[at:at] = data[max(0, at - 50) : at]
        elif way == 3:
            data = data[:at]
        elif way == 4:
            data[at:at] = rng.choice(
                [b"\xff\xfe", b"\0", b"[" * 2000, b'"', b"9" * 400, b"1e999", b"\\ud800", b"{", b"NaN"]
            )
        else:
            data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def _value(rng: random.Random) -> Any:
    if rng.random() < 0.03:
        deep: Any = 1
        for _ in range(rng.choice([70, 500])):
            deep = [deep]
        return deep
    return rng.choice(NASTY)


def _places(tree: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value below a tree."""
    found, waiting = [], [tree]
    while waiting and len(found) < 20_000:
        here = waiting.pop()
        items = here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        for key, value in items:
            found.append((here, key))
            waiting.append(value)
    return found


def _changed(tree: Any, rng: random.Random) -> Any:
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        places = _places(tree)
        if not places:
            return _value(rng)
        holder, key = rng.choice(places)
        way = rng.random()
        if way < 0.7:
            holder[key] = _value(rng)
        elif way < 0.8:
            del holder[key]
        elif way < 0.9 and isinstance(holder, dict):
            holder[str(rng.choice(NASTY))[:50]] = _value(rng)
        else:
            other, there = rng.choice(places)
            with contextlib.suppress(LookupError, TypeError):
                holder[key] = json.loads(json.dumps(other[there]))
    return tree


def _json(source: Path, path: Path, rng: random.Random) -> None:
    tree = _changed(json.loads(source.read_text(encoding="utf-8")), rng)
    sys.set_int_max_str_digits(0)
    path.write_text(json.dumps(tree))


def _yaml(source: Path, path: Path, rng: random.Random) -> None:
    tree = _changed(yaml.safe_load(source.read_text(encoding="utf-8")), rng)
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8", errors="backslashreplace")


def _archive(source: Path, path: Path, rng: random.Random) -> None:
    with np.load(source, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    name = rng.choice([*["header"] * (2 * len(arrays)), *arrays])
    if name == "header":
        tree = _changed(json.loads(arrays[name].tobytes()), rng)
        arrays[name] = np.frombuffer(json.dumps(tree).encode(errors="replace"), dtype=np.uint8)
    else:
        arrays[name] = _array(arrays[name], rng)
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)


def _array(values: Any, rng: random.Random) -> Any:
    way = rng.randrange(7)
    if way == 0:
        return values[: len(values) // 2]
    if way == 1:
        return values.astype(rng.choice([np.float64, np.int8, np.bool_, np.uint64, np.complex64]))
    if way == 2:
        return values.reshape(-1, 1)
    if way == 3:
        return np.array(rng.choice([0, 2**62]))
    if way == 4:
        return np.concatenate([values, values])
    changed = values.astype(np.int64 if values.dtype.kind in "iu" else values.dtype)
    if len(changed):
        nasty = [0, -1, 2**31, 2**62, -(2**63)] if changed.dtype.kind in "iu" else [math.nan, math.inf, -1.0, 1e300]
        changed[rng.randrange(len(changed))] = rng.choice(nasty)
    return changed


def _csv(source: Path, path: Path, rng: random.Random) -> None:
    rows = list(csv.reader(io.StringIO(source.read_text(encoding="utf-8"))))
    for _ in range(rng.choice([1, 1, 3])):
        row = rows[rng.choice([0, *range(len(rows))])]
        if row:
            row[rng.randrange(len(row))] = str(_value(rng)).encode(errors="backslashreplace").decode()
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def _sqlite(source: Path, path: Path, rng: random.Random) -> None:
    shutil.copy(source, path)
    with contextlib.closing(sqlite3.connect(path)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for _ in range(rng.choice([1, 2, 5])):
            table = rng.choice(tables)
            columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
            column, value = rng.choice(columns), rng.choice([None, -1, 2**62, -(2**63), 1.5, "x", b"\xff", "", 1e300])
            one = f'WHERE rowid = (SELECT rowid FROM "{table}" ORDER BY random() LIMIT 1)'  # noqa: S608
            where = "" if rng.random() < 0.3 else one
            way = rng.random()
            if way < 0.85:
                database.execute(f'UPDATE "{table}" SET "{column}" = ? {where}', (value,))  # noqa: S608
            elif way < 0.93:
                database.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "other"')
            else:
                database.execute(f'DELETE FROM "{table}" {where}')  # noqa: S608
        database.commit()


def _events() -> Iterator[dict[str, Any]]:
    """Events of three products in a Chrome trace."""
    for number in range(3):
        at, args = 1e6 * (number + 1), {"External id": number, "correlation": 100 + number}
        shapes = {"Input Dims": [[4096, 4096], [4096, 4096]], "Input type": ["c10::Half", "c10::Half"]}
        common = {"ph": "X", "pid": 100, "tid": 1}
        yield {**common, "cat": "cpu_op", "name": "aten::mm", "ts": at, "dur": 100, "args": {**args, **shapes}}
        yield {**common, "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": at + 20, "dur": 10, "args": args}
        yield {
            **common,
            "cat": "kernel",
            "name": "ampere_fp16_s16816gemm",
            "ts": at + 50,
            "dur": 600,
            "args": {**args, "device": 0, "stream": 7},
        }


def _nsight(path: Path) -> None:
    """A database of Nsight Systems with one kernel and its launch."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.executescript(
            "CREATE TABLE StringIds (id INTEGER PRIMARY KEY, value TEXT);"
            "INSERT INTO StringIds VALUES (1, 'gemm_kernel'), (2, 'cudaLaunchKernel_v7000');"
            "CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start, end, deviceId, streamId, correlationId, demangledName, "
            "globalPid, gridX, gridY, gridZ, blockX, blockY, blockZ);"
            "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (1000, 601000, 0, 7, 5, 1, 16777216, 8, 8, 1, 128, 1, 1);"
            "CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start, end, nameId, globalTid, correlationId);"
            "INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (500, 700, 2, 16777217, 5);"
            "CREATE TABLE NVTX_EVENTS (start, end, text, textId, globalTid);"
            "INSERT INTO NVTX_EVENTS VALUES "
            "(400, 900, 'aten::mm, seq = 1, sizes = [[64, 64], [64, 64]]', NULL, 16777217);"
        )
        database.commit()


def _seeds(work: Path, folders: list[Path]) -> list[Path]:
    """Valid files of every kind, and those of some folders."""
    from tracer.formats import read_trace
    from tracer.storage.trace_file import save_trace

    made = work / "seeds"
    made.mkdir()
    packages = {
        "accelerator-h100.yaml": "hw_specs/accelerators/h100_sxm5_80gb.yaml",
        "accelerator-tpu.yaml": "hw_specs/accelerators/tpu_v5e.yaml",
        "host.yaml": "simulator/hosts/server-2023.yaml",
        "scheme.yaml": "simulator/quantization/fp8-row.yaml",
        "calibration.yaml": "hw_specs/calibrations/ampere.yaml",
        "graph.npz": "tracer/library/bundle/stable-diffusion.npz",
        "graph-llm.npz": "tracer/library/bundle/llama2-7b.npz",
    }
    for name, source in packages.items():
        if (ROOT / source).is_file():
            shutil.copy(ROOT / source, made / name)
        else:
            print(f"no {source}", file=sys.stderr)
    (made / "accelerator-own.yaml").write_text(
        "name: own\nextends: h100\nmemory: {dram: {bandwidth: 2x, capacity: 100 GiB}}\ncores: {count: 150}\n"
        "sources: [me]\n"
    )
    (made / "study.yaml").write_text(
        yaml.safe_dump(
            {
                "title": "t",
                "models": ["stable-diffusion"],
                "hw": "h100",
                "fidelity": "roofline",
                "sampling": {"method": "latin-hypercube", "samples": 8, "seed": 1},
                "fields": {
                    "memory.dram.bandwidth": {"low": "1x", "high": "4x", "scale": "log"},
                    "attention": ["flash", "naive"],
                },
            }
        )
    )
    for name, words in _OPTIONS.items():
        (made / f"options-{name}.json").write_text(json.dumps(words.split()))
    (made / "published.csv").write_text(_PUBLISHED)
    (made / "kernels.csv").write_text(_KERNELS)
    (made / "config.json").write_text(json.dumps(_CONFIG))
    (made / "trace-chrome.json").write_text(json.dumps({"traceEvents": list(_events())}))
    (made / "trace-rocprof.csv").write_text(
        "Kind,Agent_Id,Kernel_Name,Start_Timestamp,End_Timestamp,Correlation_Id\n"
        "KERNEL_DISPATCH,Agent 2,Cijk_Ailk_Bljk_HHS_BH_MT128x128x32,1000,601000,1\n"
    )
    _nsight(made / "trace-nsight.sqlite")
    for folder in folders:
        for path in folder.iterdir():
            if path.suffix in (".json", ".sqlite", ".csv", ".trace", ".npz") and path.stat().st_size < 1 << 20:
                shutil.copy(path, made / f"trace-{path.name}")
    for path in list(made.glob("trace-*.json"))[:8]:
        with contextlib.suppress(ValueError):
            save_trace(read_trace(path), made / f"{path.stem}.trace")
    return sorted(made.iterdir())


if __name__ == "__main__":
    arguments = sys.argv[1:]
    count = int(arguments[0]) if arguments else 1_000
    os.environ["ROOFCAST_CACHE"] = os.path.join(tempfile.gettempdir(), "roofcast-mutants-cache")
    sys.exit(bool(main(count, int(arguments[1]) if len(arguments) > 1 else 1, [Path(a) for a in arguments[2:]])))
