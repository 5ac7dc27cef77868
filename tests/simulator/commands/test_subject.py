"""What is to run: workloads with settings of their own, and graph files."""

from __future__ import annotations

import json

import pytest

from simulator.commands import subject

SD = ("--hw", "a100", "--model", "stable-diffusion")


@pytest.mark.torch
def test_a_workload_with_settings_of_its_own(run):
    arguments = (*SD, "--batch", "2", "--height", "64", "--width", "128", "--num-inference-steps", "3")
    done = run(*arguments, "--guidance-scale", "1", "--dtype", "fp32", "--format", "json")
    report = json.loads(done.out)
    expected = {"batch": 2, "height": 64, "width": 128, "num_inference_steps": 3, "dtype": "float32"}
    assert report["workload"] == report["workload"] | expected
    assert report["repeats"] == {"text_encoder": 1, "unet": 4, "vae_decoder": 1}  # PNDM: once more
    assert done.err == ""  # progress is for terminals


@pytest.mark.parametrize("damage", [lambda raw: raw[:200], lambda raw: b"PK" + raw[2:500], lambda raw: b""])
def test_a_damaged_graph_file(damage, run, graph_file, tmp_path):
    graph_file.write_bytes(damage(graph_file.read_bytes()))
    done = run("--hw", "a100", "--graph", graph_file, "--output", tmp_path / "report")
    done.assert_refused(str(graph_file), "not a graph file")
    assert not (tmp_path / "report").exists()


def test_a_setting_does_not_change_a_graph_file(run, graph_file):
    done = run("--hw", "a100", "--graph", graph_file, "--num-frames", "3")
    done.assert_refused("--num-frames does not apply to a graph file")


def test_a_dtype_that_the_part_lacks(run, monkeypatch, stable_diffusion_graph):
    from dataclasses import replace

    def as_bfloat16(op):
        return replace(
            op, **{n: tuple(replace(t, dtype="bfloat16") for t in getattr(op, n)) for n in ("inputs", "outputs")}
        )

    graph = replace(stable_diffusion_graph, operators=tuple(as_bfloat16(op) for op in stable_diffusion_graph.operators))
    monkeypatch.setattr(subject, "graph_of", lambda *args, **settings: graph)
    run("--hw", "v100", "--model", "sd1.5", "--dtype", "bf16").assert_refused("V100", "bf16", "valid: fp16")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*SD, "--prompt-length", "200"), ["stable-diffusion", "200", "valid: 1 to 77"]),
        ((*SD, "--batch", "100000"), ["stable-diffusion", "batch", "up to 65536"]),
        ((*SD, "--height", "8"), ["stable-diffusion", "height", "valid: 64 to"]),
        ((*SD, "--height", "800000000", "--width", "800000000"), ["stable-diffusion", "valid: 64 to"]),
        (("--hw", "a100", "--model", "llama2-7b", "--max-new-tokens", "900000000"), ["4096", "valid: up to"]),
    ],
    ids=["prompt", "batch", "small", "image", "answer"],
)
def test_settings_beyond_what_a_pipeline_has_room_for(arguments, words, run):
    run(*arguments).assert_refused(*words)


@pytest.mark.torch
def test_a_format_that_the_part_lacks_is_replaced_with_a_remark(run) -> None:
    done = run("--hw", "t4", "--model", "flux-dev", "--dtype", "auto", "--format", "json")
    assert json.loads(done.out)["workload"]["dtype"] == "float16"
    assert done.err == "flux-dev is in bf16, which T4 lacks: fp16 in its place\n"
    versus = json.loads(
        run("--hw", "t4", "--model", "flux-dev", "--dtype", "auto", "--versus", "h100", "--format", "json").out
    )
    assert "number format" in versus["changes"]


@pytest.mark.torch
def test_a_variant_is_run_as_its_authors_run_it(run) -> None:
    done = run("--hw", "a100", "--model", "imagen", "--variant", "nemo", "--format", "json", "--fidelity", "roofline")
    report = json.loads(done.out)
    assert (report["workload"]["dtype"], report["execution"]["channels_last"]) == ("float32", True)
    assert run("--hw", "a100", "--model", "imagen", "--variant", "karlo").status == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "flux-dev", "--step-cache", "1.5"), "from 0 to below 1"),
        (("--model", "sdxl", "--step-cache", "0.4"), "no list of transformer blocks"),
        (("--model", "flux-dev", "--lora", "-3"), "valid are a rank from 1"),
        (("--model", "llama2-7b", "--vae-tiling"), "llama2-7b has no setting vae_tiling; valid: batch"),
        (("--model", "sdxl", "--vae-dtype", "fp8"), "vae_dtype float8_e4m3fn is impossible; valid: float32"),
    ],
)
def test_ways_of_running_that_a_model_cannot_have_are_one_line(run, options, said) -> None:
    done = run("--hw", "h100", *options)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1
