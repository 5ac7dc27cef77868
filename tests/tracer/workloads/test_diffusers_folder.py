from __future__ import annotations

import inspect
import json
from dataclasses import replace

import pytest

from tracer.workloads import find_pipeline, resolve
from tracer.workloads.diffusers_folder import FolderError, pipeline_from_folder

pytestmark = pytest.mark.torch

CLIP = {
    "vocab_size": 100,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 16,
    "projection_dim": 32,
    "eos_token_id": 2,
}
T5 = {
    "vocab_size": 100,
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 64,
    "num_heads": 4,
    "num_layers": 2,
    "feed_forward_proj": "gated-gelu",
    "model_type": "t5",
}
VAE = {
    "block_out_channels": [8, 16],
    "down_block_types": ["DownEncoderBlock2D"] * 2,
    "up_block_types": ["UpDecoderBlock2D"] * 2,
    "latent_channels": 4,
    "norm_num_groups": 4,
}
UNET = {
    "sample_size": 16,
    "block_out_channels": [16, 32],
    "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"],
    "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
    "cross_attention_dim": 32,
    "attention_head_dim": 4,
    "norm_num_groups": 4,
    "layers_per_block": 1,
}
TRANSFORMER_2D = {
    "num_layers": 2,
    "num_attention_heads": 2,
    "attention_head_dim": 8,
    "in_channels": 4,
    "sample_size": 16,
    "patch_size": 2,
    "norm_type": "ada_norm_single",
}
PIXART = {**TRANSFORMER_2D, "out_channels": 8, "cross_attention_dim": 16, "caption_channels": 32}
FLUX = {
    "in_channels": 16,
    "num_layers": 1,
    "num_single_layers": 1,
    "num_attention_heads": 2,
    "attention_head_dim": 16,
    "joint_attention_dim": 32,
    "pooled_projection_dim": 32,
    "guidance_embeds": True,
    "axes_dims_rope": [4, 6, 6],
}
STABLE_DIFFUSION = {
    "text_encoder": ("transformers", "CLIPTextModel", CLIP),
    "unet": ("diffusers", "UNet2DConditionModel", UNET),
    "vae": ("diffusers", "AutoencoderKL", VAE),
}


@pytest.fixture
def make_folder(tmp_path):
    def make(class_name, parts, **settings):
        index = {"_class_name": class_name, "_diffusers_version": "0.42.1", **settings}
        for name, (library, model_class, config) in parts.items():
            index[name] = [library, model_class]
            (tmp_path / name).mkdir(exist_ok=True)
            (tmp_path / name / "config.json").write_text(json.dumps(config))
        (tmp_path / "model_index.json").write_text(json.dumps(index))
        return tmp_path

    return make


def described(stages, measure):
    return [(s.name, s.repeats, measure(s).shape) for s in stages]


def test_stable_diffusion_folder(make_folder, measure):
    path = make_folder(
        "StableDiffusionPipeline",
        STABLE_DIFFUSION,
        tokenizer=["transformers", "CLIPTokenizer"],
        scheduler=["diffusers", "PNDMScheduler"],
        image_encoder=[None, None],
        safety_checker=["stable_diffusion", "StableDiffusionSafetyChecker"],
        requires_safety_checker=True,
    )
    pipeline = pipeline_from_folder(path)
    assert pipeline.name == path.name
    assert any("safety_checker is left out" in choice for choice in pipeline.choices)
    settings = pipeline.defaults
    assert (settings.height, settings.width, settings.num_frames) == (32, 32, None)
    assert (settings.num_inference_steps, settings.guidance_scale, settings.prompt_length) == (50, 7.5, 16)
    assert described(pipeline.build(settings), measure) == [
        ("text_encoder", 2, (1, 16, 32)),
        ("unet", 50, (2, 4, 16, 16)),
        ("vae_decoder", 1, (1, 3, 32, 32)),
    ]
    unguided = pipeline.build(replace(settings, guidance_scale=1.0, height=64))
    assert described(unguided, measure)[:2] == [
        ("text_encoder", 1, (1, 16, 32)),
        ("unet", 50, (1, 4, 32, 16)),
    ]


def test_pixart_folder(make_folder, measure):
    path = make_folder(
        "PixArtSigmaPipeline",
        {
            "text_encoder": ("transformers", "T5EncoderModel", T5),
            "transformer": ("diffusers", "PixArtTransformer2DModel", PIXART),
            "vae": ("diffusers", "AutoencoderKL", VAE),
        },
    )
    pipeline = pipeline_from_folder(path)
    assert (pipeline.size_multiple, pipeline.defaults.prompt_length) == (4, 300)
    assert (pipeline.defaults.num_inference_steps, pipeline.defaults.guidance_scale) == (20, 4.5)
    assert described(pipeline.build(pipeline.defaults), measure) == [
        ("text_encoder", 2, (1, 300, 32)),
        ("transformer", 20, (2, 8, 16, 16)),
        ("vae_decoder", 1, (1, 3, 32, 32)),
    ]


def test_flux_folder_takes_guidance_as_an_input(make_folder, measure):
    parts = {
        "text_encoder": ("transformers", "CLIPTextModel", CLIP),
        "text_encoder_2": ("transformers", "T5EncoderModel", T5),
        "transformer": ("diffusers", "FluxTransformer2DModel", FLUX),
        "vae": ("diffusers", "AutoencoderKL", VAE),
    }
    pipeline = pipeline_from_folder(make_folder("FluxPipeline", parts))
    settings = replace(pipeline.defaults, height=32, width=64)
    assert (pipeline.defaults.guidance_scale, settings.prompt_length) == (3.5, 512)
    assert described(pipeline.build(settings), measure) == [
        ("text_encoder", 1, (1, 16, 32)),
        ("text_encoder_2", 1, (1, 512, 32)),
        ("transformer", 28, (1, 8 * 16, 16)),
        ("vae_decoder", 1, (1, 3, 32, 64)),
    ]
    parts["transformer"] = ("diffusers", "FluxTransformer2DModel", {**FLUX, "guidance_embeds": False})
    distilled = pipeline_from_folder(make_folder("FluxPipeline", parts))
    assert distilled.defaults.guidance_scale is None
    assert measure(distilled.build(replace(distilled.defaults, height=32, width=64))[2]).shape == (1, 128, 16)


def test_class_conditional_folder_has_no_prompt(make_folder, measure):
    dit = {**TRANSFORMER_2D, "out_channels": 8, "norm_type": "ada_norm_zero", "num_embeds_ada_norm": 10}
    parts = {
        "transformer": ("diffusers", "DiTTransformer2DModel", dit),
        "vae": ("diffusers", "AutoencoderKL", VAE),
    }
    pipeline = pipeline_from_folder(make_folder("DiTPipeline", parts))
    assert pipeline.defaults.prompt_length is None
    assert measure(pipeline.build(pipeline.defaults)[0]).shape == (2, 8, 16, 16)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "class_name"),
    [
        ("stable-diffusion", "StableDiffusionPipeline"),
        ("sdxl", "StableDiffusionXLPipeline"),
        ("sd3-medium", "StableDiffusion3Pipeline"),
        ("pixart-alpha", "PixArtAlphaPipeline"),
        ("modelscope", "TextToVideoSDPipeline"),
        ("latte", "LattePipeline"),
        ("cogvideox-5b", "CogVideoXPipeline"),
        ("ltx-video", "LTXPipeline"),
        ("mochi", "MochiPipeline"),
        ("hunyuanvideo", "HunyuanVideoPipeline"),
        ("wan2.1-1.3b", "WanPipeline"),
    ],
)
def test_published_configurations_give_the_work_of_the_named_pipeline(name, class_name, make_folder, monkeypatch):
    named = find_pipeline(name)
    stages = {s.name: s for s in named.build(named.defaults)}
    denoiser = stages.get("unet") or stages["transformer"]
    vae = next(s.module for s in stages.values() if s.component == "vae")
    parts = {
        part: ("diffusers", type(module).__name__, json.loads(json.dumps(dict(module.config), default=list)))
        for part, module in ((denoiser.name, denoiser.module), ("vae", vae))
    }
    pipeline = pipeline_from_folder(make_folder(class_name, parts))
    found, *_ = pipeline.build(named.defaults)
    assert found.repeats == denoiser.repeats
    # The same layers that are given the same tensors do the same work.
    assert layers(found.module) == layers(denoiser.module)
    assert given(found, monkeypatch) == given(denoiser, monkeypatch)
    for setting in ("height", "width", "guidance_scale"):
        assert getattr(pipeline.defaults, setting) == getattr(named.defaults, setting)


def layers(module):
    """Class of every layer, and the shapes and formats of all parameters."""
    classes = [(name, type(layer)) for name, layer in module.named_modules()]
    return classes, [(name, p.shape, p.dtype) for name, p in module.named_parameters()]


class SeenError(Exception):
    """Ends a run where its module begins."""


def given(stage, monkeypatch):
    """Shapes of the tensors that a stage hands to its module, by the name of the argument."""

    signature = inspect.signature(stage.module.forward)

    def forward(*args, **kwargs):
        named = signature.bind(*args, **kwargs).arguments
        raise SeenError({name: tuple(v.shape) for name, v in named.items() if hasattr(v, "shape")})

    monkeypatch.setattr(stage.module, "forward", forward)
    with pytest.raises(SeenError) as seen:
        stage.run(stage.module, 0)
    return seen.value.args[0]


def test_settings_of_a_folder_are_checked_like_those_of_a_named_pipeline(make_folder):
    pipeline = pipeline_from_folder(make_folder("StableDiffusionPipeline", STABLE_DIFFUSION))
    with pytest.raises(ValueError, match="height 33 is impossible"):
        resolve(pipeline, {"height": 33})
    with pytest.raises(ValueError, match="no setting num_frames"):
        resolve(pipeline, {"num_frames": 8})


def build_defaults(path):
    pipeline = pipeline_from_folder(path)
    return pipeline.build(pipeline.defaults)


def broken(path, file, content):
    (path / file).parent.mkdir(exist_ok=True)
    (path / file).write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("model_index.json", b"{", "is no JSON text"),
        ("model_index.json", b"\xff\xfe\x00", "is not UTF-8 text"),
        ("model_index.json", b"[" * 100_000, "is no JSON text"),
        ("model_index.json", b"[1]", "holds a list"),
        ("model_index.json", b"{}", "names None, which is no pipeline"),
        ("model_index.json", b'{"_class_name": "NoPipeline"}', "which is no pipeline of diffusers"),
        ("model_index.json", b'{"_class_name": "UNet2DConditionModel"}', "which is no pipeline of diffusers"),
        ("model_index.json", b'{"_class_name": "DiTPipeline"}', "must name one denoiser"),
        ("unet/config.json", b"nonsense", "is no JSON text"),
        ("unet/config.json", b'{"block_out_channels": "wide"}', "unet cannot be built or run"),
        ("unet/config.json", b'{"cross_attention_dim": 24, "sample_size": "x"}', "cannot be built or run"),
        ("vae/config.json", b'{"block_out_channels": [7]}', "vae cannot be built or run"),
    ],
)
def test_malformed_files_are_refused_in_one_line(make_folder, file, content, message):
    path = broken(make_folder("StableDiffusionPipeline", STABLE_DIFFUSION), file, content)
    with pytest.raises(FolderError, match=message) as caught:
        build_defaults(path)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_missing_files_are_refused(make_folder, tmp_path):
    with pytest.raises(FolderError, match=r"model_index\.json: cannot be read \(No such file"):
        pipeline_from_folder(tmp_path / "nowhere")
    path = make_folder("StableDiffusionPipeline", STABLE_DIFFUSION)
    (path / "vae" / "config.json").unlink()
    with pytest.raises(FolderError, match=r"vae.config\.json: cannot be read"):
        pipeline_from_folder(path)


@pytest.mark.parametrize(
    ("part", "value", "message"),
    [
        ("unet", ["my_code", "MyUNet"], "only classes of diffusers and transformers"),
        ("unet", ["diffusers", "UNet2DConditionModel", "extra"], "only classes of diffusers"),
        ("unet", ["diffusers", "NoModel"], "'NoModel', which is no model of diffusers"),
        ("unet", ["diffusers", "DDIMScheduler"], "which is no model of diffusers"),
        ("unet", ["diffusers", 3], "3, which is no model of diffusers"),
        ("unet", ["diffusers", "AutoencoderKL"], "denoiser AutoencoderKL is not supported"),
        ("text_encoder", ["transformers", "CLIPTokenizer"], "which is no model of transformers"),
        ("image_encoder", ["transformers", "CLIPVisionModel"], "component 'image_encoder' is not supported"),
        ("../unet", ["diffusers", "UNet2DConditionModel"], "component '../unet' is not supported"),
        ("transformer", ["diffusers", "PixArtTransformer2DModel"], "must name one denoiser"),
    ],
)
def test_components_that_cannot_be_built_are_refused(make_folder, part, value, message):
    path = make_folder("StableDiffusionPipeline", STABLE_DIFFUSION)
    (path / "transformer").mkdir()
    (path / "transformer" / "config.json").write_text("{}")
    index = json.loads((path / "model_index.json").read_text())
    (path / "model_index.json").write_text(json.dumps({**index, part: value}))
    with pytest.raises(FolderError, match=message) as caught:
        pipeline_from_folder(path)
    assert "\n" not in str(caught.value)


def test_code_in_the_folder_does_not_run(make_folder, tmp_path):
    path = make_folder("StableDiffusionPipeline", STABLE_DIFFUSION)
    trap = f"open({str(tmp_path / 'ran')!r}, 'w')"
    for name in ("unet", "text_encoder", "."):
        (path / name / "modeling_unet.py").write_text(trap)
    config = {**CLIP, "auto_map": {"AutoModel": "modeling_unet.MyModel"}}
    (path / "text_encoder" / "config.json").write_text(json.dumps(config))
    build_defaults(path)
    assert not (tmp_path / "ran").exists()
