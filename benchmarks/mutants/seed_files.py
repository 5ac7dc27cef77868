"""Valid files of every kind that a command reads."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from .seed_traces import write_tables, write_traces

__all__ = ["write_seeds"]

_ROOT = Path(__file__).parents[2]
_PACKAGES = {
    "accelerator-h100.yaml": "hw_specs/accelerators/h100_sxm5_80gb.yaml",
    "accelerator-tpu.yaml": "hw_specs/accelerators/tpu_v5e.yaml",
    "accelerator-mi300x.yaml": "hw_specs/accelerators/mi300x.yaml",
    "architecture-hopper.yaml": "hw_specs/architectures/hopper.yaml",
    "host.yaml": "simulator/hosts/server-2023.yaml",
    "scheme.yaml": "simulator/quantization/fp8-row.yaml",
    "calibration.yaml": "hw_specs/calibrations/ampere.yaml",
    "graph.npz": "tracer/library/bundle/stable-diffusion.npz",
    "graph-llm.npz": "tracer/library/bundle/llama2-7b.npz",
}
_OWN = (
    "name: own\nextends: h100\nmemory: {dram: {bandwidth: 2x, capacity: 100 GiB}}\ncores: {count: 150}\nsources: [me]\n"
)
#: Command lines whose words are changed.
_OPTIONS = {
    "set": "simulate --hw a100 --model stable-diffusion --set memory.dram.bandwidth=2x --format json",
    "batch": "simulate --hw a100 --model stable-diffusion --batch 2 --num-inference-steps 20 --height 512",
    "scheme": "simulate --hw h100 --model sdxl --quantize fp8-row --attention flash --parallel ulysses=2",
    "language": "simulate --hw h100 --model llama2-7b --software torch-2.6 --versus batch=4 --explain gemm",
    "scale": "whatif scale --hw h100 --model stable-diffusion --axis batch --values 1,2,4",
    "compare": "whatif compare --model stable-diffusion --hw a100 --hw h100 --attention naive",
    "show": "hwspec show h100 --set cores.count=100",
    "list": "hwspec list --format json",
    "lengths": "trace lengths --model stable-diffusion --repeats 2 --format csv",
}
_LANGUAGE = {
    **{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 256, "intermediate_size": 512},
    **{"num_attention_heads": 4, "num_key_value_heads": 2, "num_hidden_layers": 2, "vocab_size": 1000},
    **{"max_position_embeddings": 2048, "torch_dtype": "bfloat16", "rms_norm_eps": 1e-5, "tie_word_embeddings": False},
}
_UNET = {
    **{"sample_size": 16, "block_out_channels": [16, 32], "cross_attention_dim": 32, "attention_head_dim": 4},
    **{"down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"], "norm_num_groups": 4, "layers_per_block": 1},
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
}
#: Files of a folder of models, as one tree.
_FOLDER: dict[str, Any] = {
    "model_index.json": {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.42.1",
        **{"unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]},
        **{"text_encoder": ["transformers", "CLIPTextModel"], "scheduler": ["diffusers", "PNDMScheduler"]},
    },
    "unet/config.json": _UNET,
    "vae/config.json": {"block_out_channels": [8, 16], "latent_channels": 4, "norm_num_groups": 4},
    "text_encoder/config.json": {"vocab_size": 100, "hidden_size": 32, "num_hidden_layers": 2, "projection_dim": 32},
}
_STUDY = {
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


def write_seeds(folder: Path, others: list[Path]) -> list[Path]:
    """Valid files of every kind, and small ones of other folders; sorted by name.

    Parameters
    ----------
    folder : Path
        Where they are written.
    others : list of Path
        Folders whose traces, archives and tables are taken, too.
    """
    folder.mkdir(parents=True)
    for name, source in _PACKAGES.items():
        if (_ROOT / source).is_file():
            shutil.copy(_ROOT / source, folder / name)
        else:
            print(f"no {source}", file=sys.stderr)
    (folder / "accelerator-own.yaml").write_text(_OWN, encoding="utf-8")
    (folder / "study.yaml").write_text(yaml.safe_dump(_STUDY), encoding="utf-8")
    for name, words in _OPTIONS.items():
        (folder / f"options-{name}.json").write_text(json.dumps(words.split()), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps(_LANGUAGE), encoding="utf-8")
    (folder / "folder.json").write_text(json.dumps(_FOLDER), encoding="utf-8")
    write_tables(folder)
    write_traces(folder)
    _take(others, folder)
    return sorted(folder.iterdir())


def _take(others: list[Path], folder: Path) -> None:
    """Small files of other folders, and all Chrome traces in our own format."""
    from tracer.formats import read_trace
    from tracer.storage.trace_file import save_trace

    for other in others:
        for path in sorted(other.iterdir()):
            if path.suffix in (".json", ".sqlite", ".csv", ".trace", ".npz") and path.stat().st_size < 1 << 20:
                shutil.copy(path, folder / f"trace-{path.name}")
    for path in sorted(folder.glob("trace-*.json"))[:8]:
        with contextlib.suppress(ValueError):
            save_trace(read_trace(path), folder / f"{path.stem}.trace")
