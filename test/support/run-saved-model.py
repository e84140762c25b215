"""Runs a SavedModel through tf.saved_model: run-saved-model.py folder batch.rgb count output-folder

Prints JSON: what the signature says of itself, and the shape of each output. Outputs are written as <name>.f32.
"""
import json
import sys

import numpy
import tensorflow

path, batch, count, folder = sys.argv[1:]
model = tensorflow.saved_model.load(path)
serve = model.signatures["serving_default"]
_, ends = serve.structured_input_signature
_, height, width, channels = ends["images"].shape
pixels = numpy.fromfile(batch, numpy.uint8).reshape(int(count), height, width, channels)
heads = serve(images=tensorflow.constant(pixels))
for name, values in heads.items():
    values.numpy().tofile(f"{folder}/{name}.f32")
print(json.dumps({
    "signatures": list(model.signatures),
    "inputs": {name: [end.dtype.name, end.shape.as_list()] for name, end in ends.items()},
    "outputs": {name: [end.dtype.name, end.shape.as_list()] for name, end in serve.structured_outputs.items()},
    "shapes": {name: values.shape.as_list() for name, values in heads.items()},
}))
