#!/usr/bin/env python3
"""Voices small enough to be made here, one of each kind: tiny_voices.py DIRECTORY

Folders vits (with a lexicon), piper, matcha, kokoro and kitten, with the metadata that sherpa-onnx reads. Each sign
is a tone of a tenth of a second, the higher the later it stands in tokens.txt; a blank is silence. Nothing in them is
learned or random. Needs the package onnx.
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RATE = 16000
SIGN = 1600
# code points of phonemes.c, signs and the beginning and end that Piper's voices want
SIGNS = ["_", "^", "$", " "] + list("!,.:;?abcdefhijklmnopqrstuvwxyz") + [chr(c) for c in (
    0xE6, 0xF0, 0x14B, 0x251, 0x254, 0x259, 0x25A, 0x25B, 0x25C, 0x261, 0x26A, 0x279, 0x283, 0x28A, 0x28C, 0x292,
    0x2C8, 0x2D0, 0x3B8)]


def tones(n):
    t = np.arange(SIGN) / RATE
    rows = [np.sin(2 * np.pi * (200 + 50 * i) * t) * 0.3 for i in range(n)]
    for i in range(4):
        rows[i] = np.zeros(SIGN)
    return np.array(rows, dtype=np.float32)


def tensor(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, list(shape))


def save(path, nodes, inputs, outputs, constants, meta):
    graph = helper.make_graph(nodes, "tiny", inputs, outputs,
                              [numpy_helper.from_array(v, k) for k, v in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, {k: str(v) for k, v in meta.items()})
    onnx.checker.check_model(model)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    onnx.save(model, path)


def tokens(folder, signs):
    with open(os.path.join(folder, "tokens.txt"), "w", encoding="utf-8") as f:
        for i, s in enumerate(signs):
            f.write(f"{s} {i}\n")


F, I = TensorProto.FLOAT, TensorProto.INT64
COMMON = {"sample_rate": RATE, "n_speakers": 2, "has_espeak": 1, "language": "English", "voice": "en-us"}


def speaks(x, shape):
    """x int64 of signs to their tones, behind another; the other inputs are looked at by nobody."""
    return ([helper.make_node("Gather", ["tones", x], ["sound"]), helper.make_node("Reshape", ["sound", "flat"], ["y"])],
            {"tones": tones(len(SIGNS)), "flat": np.array(shape, dtype=np.int64)})


def vits(folder, meta, scales):
    nodes, constants = speaks("x", [1, 1, -1])
    save(os.path.join(folder, "voice.onnx"), nodes, [tensor("x", I, 1, "N"), tensor("x_lengths", I, 1)] + scales,
         [tensor("y", F, 1, 1, "M")], constants, {**COMMON, "add_blank": 0, **meta})
    tokens(folder, SIGNS)


def styled(folder, name, meta, style, rows):
    nodes, constants = speaks("tokens", [-1])
    save(os.path.join(folder, name), nodes, [tensor("tokens", I, 1, "N"), tensor("style", F, 1, style),
                                             tensor("speed", F, 1)],
         [tensor("y", F, "M")], constants, {**COMMON, **meta})
    np.zeros(rows * style * COMMON["n_speakers"], dtype=np.float32).tofile(os.path.join(folder, "voices.bin"))
    tokens(folder, SIGNS)


def matcha(folder):
    """The mel of a sign is ten frames of its number; the vocoder hums them, 200 samples a frame."""
    mel = np.repeat(np.arange(len(SIGNS), dtype=np.float32)[:, None], 10, axis=1)[:, :, None] * np.ones(80, np.float32)
    save(os.path.join(folder, "model-steps-3.onnx"),
         [helper.make_node("Gather", ["mels", "x"], ["a"]), helper.make_node("Reshape", ["a", "rows"], ["b"]),
          helper.make_node("Transpose", ["b"], ["mel"], perm=[0, 2, 1])],
         [tensor("x", I, 1, "N"), tensor("x_length", I, 1), tensor("noise_scale", F, 1), tensor("length_scale", F, 1)],
         [tensor("mel", F, 1, 80, "T")], {"mels": mel, "rows": np.array([1, -1, 80], dtype=np.int64)},
         {**COMMON, "model_type": "matcha-tts", "n_speakers": 1, "sample_rate": 22050, "use_eos_bos": 0, "pad_id": 0, "num_ode_steps": 3})
    hum = np.sin(2 * np.pi * 441 * np.arange(200) / 22050).astype(np.float32) * 0.3
    save(os.path.join(folder, "hifigan_v2.onnx"),
         [helper.make_node("ReduceMean", ["mel"], ["m"], axes=[1], keepdims=1),
          helper.make_node("Sign", ["m"], ["s"]), helper.make_node("Transpose", ["s"], ["t"], perm=[0, 2, 1]),
          helper.make_node("Mul", ["t", "hum"], ["w"]), helper.make_node("Reshape", ["w", "flat"], ["audio"])],
         [tensor("mel", F, 1, 80, "T")], [tensor("audio", F, 1, "M")],
         {"hum": hum, "flat": np.array([1, -1], dtype=np.int64)}, {"model_type": "hifigan"})
    tokens(folder, SIGNS)


def main(where):
    scale = [tensor(n, F, 1) for n in ("noise_scale", "length_scale", "noise_scale_w")]
    folder = os.path.join(where, "vits")
    vits(folder, {"comment": "ljspeech", "punctuation": ", . ! ?", "model_type": "vits"},
         scale + [tensor("sid", I, 1)])
    with open(os.path.join(folder, "lexicon.txt"), "w", encoding="utf-8") as f:
        f.write("one w a n\ntwo t u\n")
    vits(os.path.join(where, "piper"), {"comment": "piper", "model_type": "vits"}, [tensor("scales", F, 3),
                                                                                 tensor("sid", I, 1)])
    matcha(os.path.join(where, "matcha"))
    styled(os.path.join(where, "kokoro"), "model.onnx", {"model_type": "kokoro", "style_dim": "510,1,4"}, 4, 510)
    styled(os.path.join(where, "kitten"), "model.fp16.onnx", {"model_type": "kitten-tts", "style_dim": "1,4",
                                                             "version": 1}, 4, 1)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
