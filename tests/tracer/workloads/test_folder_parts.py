"""Reading of pipeline folders: which files count, what is left out, and what is refused."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.graph import GraphError
from tracer.workloads.folder_parts import LEFT_OUT, FolderError, explained, read_folder, read_json

pytestmark = pytest.mark.torch

_UNET = {
    "sample_size": 8,
    "block_out_channels": [32, 64],
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "cross_attention_dim": 32,
    "norm_num_groups": 8,
}
_TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_attention_heads": 4, "num_hidden_layers": 1}
_INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "_diffusers_version": "0.42.1",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "scheduler": ["diffusers", "PNDMScheduler"],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "image_encoder": [None, None],
    "requires_safety_checker": True,
}


@pytest.fixture
def folder(tmp_path) -> Path:
    """Folder of a small Stable Diffusion without a decoder."""
    for name, config in (("unet", _UNET), ("text_encoder", _TEXT)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps(config))
    _write_index(tmp_path)
    return tmp_path


def _write_index(folder: Path, **changes: object) -> None:
    (folder / "model_index.json").write_text(json.dumps(_INDEX | changes))


def _refusal(folder: Path) -> str:
    with pytest.raises(FolderError) as caught:
        read_folder(folder)
    message = str(caught.value)
    assert message.startswith(str(folder))
    assert "\n" not in message
    return message


def test_components_with_a_stage(folder):
    found = read_folder(folder)
    assert found.class_name == "StableDiffusionPipeline"
    assert list(found.parts) == ["unet", "text_encoder"]
    assert found.denoiser is found.parts["unet"]
    assert found.text_encoders == [found.parts["text_encoder"]]
    assert (found.denoiser.library, found.denoiser.class_name) == ("diffusers", "UNet2DConditionModel")
    assert found.denoiser.config["cross_attention_dim"] == 32


def test_defaults_of_the_call(folder):
    found = read_folder(folder)
    assert found.default("num_inference_steps") == 50
    assert found.default("absent", "guidance_scale") == 7.5
    assert found.default("height", "absent") is None  # None in the signature is no default


@pytest.mark.parametrize("name", ["unet", "text_encoder"])
def test_modules_are_on_meta_in_the_dtype(folder, name):
    module = read_folder(folder).parts[name].module("bfloat16")
    assert {(str(p.device), str(p.dtype)) for p in module.parameters()} == {("meta", "torch.bfloat16")}


def test_what_is_left_out_has_a_reason():
    assert all(LEFT_OUT.values())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"_class_name": "NoPipeline"}, "names 'NoPipeline', which is no pipeline of diffusers"),
        ({"_class_name": "UNet2DModel"}, "which is no pipeline of diffusers"),
        ({"_class_name": 3}, "which is no pipeline of diffusers"),
        ({"unet": [None, None]}, "must name one denoiser, unet or transformer"),
        ({"transformer": ["diffusers", "UNet2DConditionModel"]}, "cannot be read"),
        ({"unet": ["my_library", "UNet"]}, "only classes of diffusers and transformers are built"),
        ({"unet": ["diffusers", "NoModel"]}, "unet is 'NoModel', which is no model of diffusers"),
        ({"unet": ["diffusers", "PNDMScheduler"]}, "which is no model of diffusers"),
        ({"unet": ["diffusers"]}, "only classes of diffusers and transformers are built"),
        ({"controlnet": ["diffusers", "ControlNetModel"]}, "component 'controlnet' is not supported; valid: unet"),
        ({"vae": ["diffusers", "AutoencoderKL"]}, "vae/config.json: cannot be read (No such file or directory)"),
    ],
)
def test_an_index_that_names_something_else(folder, changes, said):
    _write_index(folder, **changes)
    assert said in _refusal(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000])
@pytest.mark.parametrize("file", ["model_index.json", "unet/config.json"])
def test_files_that_hold_no_object(folder, file, text):
    (folder / file).write_text(text)
    assert file in _refusal(folder)


def test_a_folder_that_is_none(tmp_path):
    assert "model_index.json: cannot be read" in _refusal(tmp_path / "absent")
    assert "model_index.json: cannot be read" in _refusal(tmp_path)


@pytest.mark.parametrize("error", [TypeError, KeyError, ZeroDivisionError, RuntimeError, ImportError, AssertionError])
def test_errors_of_other_libraries_are_one_line(tmp_path, error):
    with pytest.raises(FolderError) as caught, explained(tmp_path, "unet"):
        raise error("first line\nsecond line")
    lines = str(caught.value).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{tmp_path}: unet cannot be built or run as configured (")


def test_errors_of_our_own_keep_their_words(tmp_path):
    with pytest.raises(GraphError, match=r"^no height$"), explained(tmp_path, "unet"):
        raise GraphError("no height")


def test_defects_are_not_hidden(tmp_path):
    with pytest.raises(KeyboardInterrupt), explained(tmp_path, "unet"):
        raise KeyboardInterrupt


_SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("\ud800"))
_KEYS = st.sampled_from(["unet", "num_layers"])
_TREES = st.recursive(_SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner))


@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=_TREES, more=st.sampled_from(["", "[" * 5000, "\0", "9" * 5000]))
def test_any_configuration_is_an_object_or_is_refused(tmp_path: Path, tree: object, more: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(tree) + more, encoding="utf-8")
    with contextlib.suppress(FolderError):
        assert isinstance(read_json(path), dict)
