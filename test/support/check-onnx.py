"""Checks an ONNX file with the onnx package and runs it: check-onnx.py model.onnx batch.rgb count output-folder

Prints JSON: what the file says of itself, and the shape of each output. Outputs are written as <name>.f32.
"""
import json
import sys

import numpy
import onnx
import onnxruntime

path, batch, count, folder = sys.argv[1:]
onnx.checker.check_model(path, full_check=True)
model = onnx.load(path)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
_, height, width, channels = session.get_inputs()[0].shape
pixels = numpy.fromfile(batch, numpy.uint8).reshape(int(count), height, width, channels)
names = [output.name for output in session.get_outputs()]
outputs = session.run(names, {"images": pixels})
for name, values in zip(names, outputs):
    values.tofile(f"{folder}/{name}.f32")
print(json.dumps({
    "producer": model.producer_name,
    "opsets": [opset.domain for opset in model.opset_import],
    "batch": [end.type.tensor_type.shape.dim[0].dim_param for end in [*model.graph.input, *model.graph.output]],
    "metadata": {entry.key: entry.value for entry in model.metadata_props},
    "shapes": {name: list(values.shape) for name, values in zip(names, outputs)},
}))
