"""What other tools, papers and datasheets call the things that have a name of ours: one table for each kind of name."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["COMMANDS", "OPTIONS", "PATHS", "VALUES", "squeezed"]


def squeezed(name: str) -> str:
    """A name without what people write in different ways: case, dashes, underscores, points, spaces.

    Examples
    --------
    >>> squeezed("Flash_Attention-2")
    'flashattention2'
    """
    return "".join(letter for letter in name.lower() if letter not in "-_. ")


def _by_other(table: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Ours by what others say; one word may mean several."""
    found: dict[str, tuple[str, ...]] = {}
    for ours, others in table.items():
        for other in others.split():
            key = squeezed(other)
            found[key] = tuple(dict.fromkeys((*found.get(key, ()), ours)))
    return found


#: Options, as they are written, with what is given to them where the other's name says that too.
OPTIONS = _by_other(
    {
        "--num-inference-steps": "steps num-steps n-steps sampling-steps denoising-steps sample-steps inference-steps",
        "--guidance-scale": "guidance cfg cfg-scale scale guidance-strength",
        "--max-new-tokens": "tokens max-tokens new-tokens num-tokens output-tokens output-length output-len max-length "
        "osl gen-len generate",
        "--prompt-length": "seq-len sequence-length seqlen prompt prompt-len input-length input-len input-tokens isl "
        "prompt-tokens max-sequence-length",
        "--context-length": "context ctx ctx-len past-length cache-length max-model-len",
        "--batch": "batch-size bs num-images images num-images-per-prompt num-outputs bsz b n num-prompts",
        "--num-frames": "frames num-frame n-frames length video-length",
        "--num-frames N": "seconds duration fps",
        "--height and --width": "size image-size resolution res hxw dimensions wh",
        "--width": "w image-width",
        "--height": "h image-height",
        "--hw": "hardware gpu device accelerator chip card gpu-name gpu-type target arch spec npu tpu",
        "--model": "workload network pipeline checkpoint model-id model-name model-path pretrained repo",
        "--dtype": "precision torch-dtype data-type weight-dtype compute-dtype",
        "--dtype fp16": "fp16 half float16",
        "--dtype bf16": "bf16 bfloat16",
        "--dtype fp32": "fp32 float32 full-precision",
        "--autocast": "amp mixed-precision mixed",
        "--execution": "mode engine-mode backend runtime graph-mode",
        "--execution compiled": "compile torch-compile inductor",
        "--execution cuda-graph": "cuda-graph cuda-graphs use-cuda-graph graphs",
        "--execution eager": "eager enforce-eager no-compile",
        "--attention": "attn attn-backend attention-backend attn-implementation attention-impl sdp",
        "--attention flash": "sdpa flash-attn flash-attention use-flash-attention fa fa2 fa3",
        "--attention efficient": "xformers enable-xformers mem-efficient",
        "--quantize": "quantization quant quant-method weights quantisation q",
        "--quantize fp8-row": "fp8",
        "--quantize int8-dynamic": "int8 w8a8 load-in-8bit",
        "--quantize int4-weight": "int4 w4a16 load-in-4bit",
        "--quantize nf4": "nf4 bnb bitsandbytes",
        "--parallel": "parallelism gpus num-gpus ngpus num-devices devices world-size nproc nproc-per-node",
        "--parallel tensor=N": "tp tensor-parallel tensor-parallel-size tp-size tensor-model-parallel-size",
        "--parallel ulysses=N": "sp cp ulysses ulysses-degree sequence-parallel context-parallel",
        "--parallel ring=N": "ring ring-degree",
        "--parallel pipefusion=N": "pp pipeline-parallel pipeline-parallel-size pipefusion",
        "--parallel data=N": "dp data-parallel data-parallel-size replicas",
        "--parallel cfg=2": "cfg-parallel use-cfg-parallel",
        "--offload": "offloading",
        "--offload model": "cpu-offload model-cpu-offload enable-model-cpu-offload",
        "--offload sequential": "sequential-offload sequential-cpu-offload",
        "--lora": "adapter adapters lora-rank",
        "--step-cache": "cache-threshold teacache fbcache deepcache",
        "--vae-tiling": "enable-vae-tiling tiling",
        "--vae-slicing": "enable-vae-slicing slicing",
        "--output": "out outfile save save-to output-file file",
        "--format": "output-format fmt",
        "--format json": "json",
        "--format csv": "csv",
        "--set": "override change with modify param parameter",
        "--set power.board=": "power power-limit tdp power-cap",
        "--set memory.dram.bandwidth=": "bandwidth memory-bandwidth bw hbm-bandwidth",
        "--set memory.dram.capacity=": "memory vram memory-size gpu-memory hbm",
        "--set cores.clock=": "clock frequency freq boost",
        "--set cores.count=": "cores sms num-sms cus",
        "--set peak.matrix=": "flops tflops peak peak-flops",
        "--versus": "vs compare baseline against reference speedup",
        "--trace": "profile trace-file",
        "--software": "torch torch-version framework pytorch pytorch-version rocm cuda",
        "--scheduler": "sampler sampling-method",
        "--host": "cpu host-cpu",
        "--explain": "why detail details",
        "--top": "limit head rows max-rows",
        "--by": "group-by groupby per breakdown sort",
        "--plot": "plots figure figures chart draw",
        "--report": "html page",
        "--chrome-trace": "timeline perfetto export-chrome-trace",
        "--list": "models list-models ls",
        "--repeats": "steps iterations iters num-iters runs repeat reps",
        "--draws": "samples num-samples",
        "--workers": "threads jobs num-workers j",
        "--values": "range points",
        "--device": "hw gpu backend",
        "--graph": "model",
        "--leave-out": "hold-out exclude holdout",
        "--no-cache": "force refresh",
    }
)

#: Values of options: what runs it, attention, number formats, schemes, schedulers, splits, axes, keys.
VALUES = _by_other(
    {
        "compiled": "compile torch.compile inductor max-autotune torchcompile",
        "compiled-graph": "reduce-overhead",
        "cuda-graph": "cudagraph cudagraphs graph hipgraph",
        "fused": "tensorrt trt onediff aitemplate",
        "eager": "none normal",
        "flash": "sdpa flashattention flash-attention fa auto",
        "flash2": "flash-attention-2 flashattention2 fa2 flash-attn-2 flashattn2",
        "flash3": "flash-attention-3 flashattention3 fa3 flash-attn-3",
        "flash4": "flash-attention-4 fa4",
        "naive": "math eager vanilla standard none baseline unfused",
        "efficient": "xformers mem-efficient memory-efficient cutlass",
        "flash2_paged": "paged paged-attention vllm",
        "fp16": "half float16 f16",
        "bf16": "bfloat16 brain",
        "fp32": "float full single f32",
        "fp8-row": "fp8 float8 w8a8-fp8 fp8-dynamic e4m3",
        "fp8-tensor": "fp8 float8",
        "fp8-weight": "fp8 float8",
        "int8-dynamic": "int8 w8a8 smoothquant",
        "int8-weight": "int8 w8a16",
        "int8-dynamic-large": "llm.int8",
        "int4-weight": "int4 w4a16 4bit",
        "int4-marlin": "awq gptq marlin int4 w4a16",
        "int4-dynamic": "int4",
        "nf4": "bnb bitsandbytes qlora 4bit bnb-4bit",
        "euler-ancestral": "euler-a eulera eulerancestraldiscretescheduler k-euler-a",
        "euler": "eulerdiscretescheduler k-euler",
        "dpm++2m": "dpm++ dpm dpmsolver dpmsolver++ dpmsolvermultistepscheduler dpmpp-2m dpmpp",
        "dpm++2m-sde": "dpmpp-2m-sde",
        "dpm++sde": "dpmpp-sde dpmsolversdescheduler",
        "ddim": "ddimscheduler",
        "ddpm": "ddpmscheduler",
        "pndm": "pndmscheduler plms",
        "lms": "lmsdiscretescheduler k-lms",
        "heun": "heundiscretescheduler",
        "unipc": "unipcmultistepscheduler",
        "lcm": "lcmscheduler",
        "flow-match-euler": "flowmatcheulerdiscretescheduler flowmatch flow",
        "deis": "deismultistepscheduler",
        "model": "cpu cpu-offload model-cpu-offload",
        "group": "group-offload layerwise",
        "sequential": "sequential-cpu-offload",
        "tensor": "tp tensor-parallel",
        "ulysses": "sp cp sequence context",
        "pipefusion": "pp pipeline",
        "data": "dp replicas",
        "batch": "batchsize bs",
        "resolution": "size height width pixels",
        "frames": "num-frames length",
        "steps": "num-inference-steps",
        "tokens": "max-new-tokens output",
        "context": "context-length prompt prompt-length sequence",
        "devices": "gpus ranks tp parallel",
        "attention": "attn",
        "execution": "mode engine compile",
        "num-inference-steps": "steps",
        "guidance-scale": "cfg guidance",
        "num-frames": "frames",
        "prompt-length": "prompt seq-len",
        "max-new-tokens": "tokens",
        "quantize": "quantization quant",
        "dtype": "precision",
        "hw": "gpu device accelerator hardware",
        "module": "layer layers block blocks",
        "operator": "op ops aten",
        "category": "kind type class",
        "kernel": "kernels",
        "stage": "component phase part",
        "roofline": "bound ideal theoretical",
        "calibrated": "fitted accurate exact high real full",
        "paged": "pagedattention vllm",
        "dynamic": "default cat",
        "teacache": "tea deepcache",
        "first-block": "fbcache firstblockcache first-block-cache",
        "cuda": "gpu nvidia hip rocm",
        "json": "jsonl",
        "table": "text txt plain",
        "yes": "true on 1",
        "no": "false off 0",
    }
)

#: Fields of an accelerator, by the end of their path or the whole of it.
PATHS = _by_other(
    {
        "power.board": "power tdp power.limit power-limit power.tdp board-power power.max power.cap tbp",
        "power.idle": "idle idle-power",
        "cores.count": "sm sms num-sms sm-count cu cus cores core-count num-cores compute-units",
        "cores.clock": "clock clock.boost clock.base frequency freq boost boost-clock cores.frequency cores.boost "
        "core-clock gpu-clock sm-clock",
        "memory.dram.bandwidth": "bandwidth bw memory.bandwidth dram.bandwidth hbm hbm.bandwidth memory.hbm.bandwidth "
        "vram.bandwidth mem-bw memory-bandwidth hbm-bandwidth gddr dram memory",
        "memory.dram.capacity": "capacity memory.size memory.capacity vram hbm.capacity memory.hbm.capacity dram "
        "dram.capacity memory.dram.size memory hbm",
        "memory.dram.latency": "latency memory.latency",
        "memory.l2.capacity": "l2 cache l2.size l2-cache l2-size memory.l2.size cache-size",
        "memory.l2.bandwidth": "l2 l2-bandwidth l2.bw",
        "memory.shared.capacity": "smem shared-memory lds shared memory.shared.size",
        "peak.matrix": "flops tflops peak peak-flops tensor tensor-cores compute",
        "peak.matrix.fp16": "peak.fp16 fp16 fp16-tflops peak.half tensor.fp16",
        "peak.matrix.bf16": "peak.bf16 bf16",
        "peak.matrix.fp8": "peak.fp8 fp8",
        "board": "limit tdp max cap",
        "count": "num number sms cus",
        "clock": "frequency freq boost",
        "bandwidth": "bw rate speed",
        "capacity": "size",
        "matrix": "tensor tensor-cores mma",
        "vector": "cuda-cores simd scalar",
        "dram": "hbm gddr vram",
        "shared": "smem lds",
        "samples": "n count num",
        "model": "workload",
        "models": "workloads model",
        "settings": "options workload",
        "fields": "parameters axes vary ranges",
    }
)

#: Commands of one application, with the application where it is another one's.
COMMANDS = _by_other(
    {
        "show": "info get describe cat",
        "list": "ls all search",
        "check": "lint validate verify",
        "architectures": "arch archs",
        "sweep": "grid dse explore-all run study",
        "search": "optimize optimise pareto tune",
        "sensitivity": "tornado elasticity fields",
        "scale": "scaling sizes grow",
        "explore": "ui gui serve web page app",
        "compare": "vs versus diff",
        "run": "record capture profile measure",
        "graph": "export dump model",
        "lengths": "sequence-lengths attention seqlen",
        "parameters": "params count",
        "bundle": "rebuild",
        "published": "e2e cases end-to-end",
        "kernels": "ops operators calls microbench",
        "probe": "machine benchmark bench measure",
        "calibrate": "fit calibration",
        "study": "reproduce paper golden",
        "trace": "profile file",
        "accuracy": "errors report",
    }
)
