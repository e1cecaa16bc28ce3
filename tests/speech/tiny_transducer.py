#!/usr/bin/env python3
"""A streaming transducer small enough to be made here: tiny_transducer.py DIRECTORY

It has the form of icefall's LSTM transducers, which sherpa-onnx loads, and hears two words: "one"
where sound begins and "two" where it ends. Nothing in it is learned or random. Needs the package onnx.
"""
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

LOUD = -8.0  # mean of the logarithmic mel energies between silence (-15.9) and sound
NEVER = -1000.0


def save(where, name, nodes, inputs, outputs, constants, meta):
    graph = helper.make_graph(nodes, name, inputs, outputs,
                              [numpy_helper.from_array(np.array(v, dtype=t), k) for k, v, t in constants])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, meta)
    onnx.checker.check_model(model)
    onnx.save(model, os.path.join(where, name + ".onnx"))


def tensor(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, list(shape))


def main(where):
    os.makedirs(where, exist_ok=True)
    f, i = TensorProto.FLOAT, TensorProto.INT64
    node = helper.make_node
    save(where, "encoder",
         [node("ReduceMean", ["x"], ["energy"], axes=[1, 2], keepdims=1),
          node("Mul", ["energy", "zero"], ["nothing"]), node("Add", ["nothing", "unit"], ["always"]),
          node("Concat", ["energy", "always"], ["encoder_out"], axis=2),
          node("Identity", ["h"], ["next_h"]), node("Identity", ["c"], ["next_c"])],
         [tensor("x", f, "N", 9, 80), tensor("h", f, 1, "N", 4), tensor("c", f, 1, "N", 4)],
         [tensor("encoder_out", f, "N", 1, 2), tensor("next_h", f, 1, "N", 4), tensor("next_c", f, 1, "N", 4)],
         [("zero", 0.0, np.float32), ("unit", 1.0, np.float32)],
         {"model_type": "lstm", "num_encoder_layers": "1", "T": "9", "decode_chunk_len": "4",
          "rnn_hidden_size": "4", "d_model": "4"})
    save(where, "decoder",
         [node("Gather", ["y", "last"], ["token"], axis=1), node("Gather", ["eye", "token"], ["decoder_out"], axis=0)],
         [tensor("y", i, "N", 2)], [tensor("decoder_out", f, "N", 3)],
         [("last", 1, np.int64), ("eye", np.eye(3), np.float32)],
         {"context_size": "2", "vocab_size": "3"})
    save(where, "joiner",
         [node("MatMul", ["encoder_out", "heard"], ["a"]), node("MatMul", ["decoder_out", "said"], ["b"]),
          node("Add", ["a", "b"], ["logit"])],
         [tensor("encoder_out", f, "N", 2), tensor("decoder_out", f, "N", 3)], [tensor("logit", f, "N", 3)],
         [("heard", [[0, 10, -10], [0, -10 * LOUD, 10 * LOUD]], np.float32),
          ("said", [[0, 0, NEVER], [0, NEVER, 0], [0, 0, NEVER]], np.float32)],
         {"joiner_dim": "2"})
    with open(os.path.join(where, "tokens.txt"), "w", encoding="utf-8") as t:
        t.write("<blk> 0\n\u2581one 1\n\u2581two 2\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
