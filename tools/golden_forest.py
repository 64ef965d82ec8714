#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""golden_forest.py: makes tests/golden/forest: models of XGBoost and what XGBoost itself predicts with them.

    golden_forest.py [DEPS]        (DEPS/lib holds libxgboost.so and its libgomp; default .deps)

Needs NumPy. The rows hold missing values, categories never seen, negative and huge codes. Numbers are written as the
bits of binary32 in hexadecimal, so that nothing is lost on the way. The released files are never made anew for an
existing release of XGBoost: the loader must go on reading them.
"""
import ctypes
import glob
import json
import os
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "tests", "golden", "forest")
TYPES = ("q", "q", "c", "c")
MODELS = {
    "logistic": ({"objective": "binary:logistic", "max_depth": 4}, 8),
    "onehot": ({"objective": "reg:squarederror", "max_depth": 3, "max_cat_to_onehot": 100}, 6),
    "dart": ({"objective": "count:poisson", "max_depth": 3, "booster": "dart", "rate_drop": 0.3}, 6),
}


class XGBoost:
    """The few calls of its C API that this needs."""

    def __init__(self, folder):
        for path in glob.glob(os.path.join(folder, "libgomp*")):
            ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
        self.lib = ctypes.CDLL(os.path.join(folder, "libxgboost.so"))
        self.lib.XGBGetLastError.restype = ctypes.c_char_p

    def call(self, name, *args):
        """One call, its failure raised."""
        if getattr(self.lib, name)(*args) != 0:
            raise RuntimeError(self.lib.XGBGetLastError().decode())

    def version(self):
        """As "3.2.0"."""
        parts = [ctypes.c_int() for _ in range(3)]
        self.lib.XGBoostVersion(*(ctypes.byref(part) for part in parts))
        return ".".join(str(part.value) for part in parts)

    def matrix(self, x, y=None):
        """A DMatrix of rows."""
        handle = ctypes.c_void_p()
        self.call("XGDMatrixCreateFromDense", array(x), b'{"missing":NaN,"nthread":1}', ctypes.byref(handle))
        types = (ctypes.c_char_p * len(TYPES))(*(name.encode() for name in TYPES))
        self.call("XGDMatrixSetStrFeatureInfo", handle, b"feature_type", types, ctypes.c_uint64(len(TYPES)))
        if y is not None:
            self.call("XGDMatrixSetInfoFromInterface", handle, b"label", array(y))
        return handle

    def train(self, x, y, params, rounds):
        """A booster."""
        matrix, booster = self.matrix(x, y), ctypes.c_void_p()
        self.call("XGBoosterCreate", ctypes.byref(matrix), ctypes.c_uint64(1), ctypes.byref(booster))
        for name, value in {"nthread": 1, "tree_method": "hist", "verbosity": 0, **params}.items():
            self.call("XGBoosterSetParam", booster, name.encode(), str(value).encode())
        for i in range(rounds):
            self.call("XGBoosterUpdateOneIter", booster, i, matrix)
        return booster

    def save(self, booster, form):
        """The model's bytes."""
        count, bytes_at = ctypes.c_uint64(), ctypes.POINTER(ctypes.c_char)()
        self.call("XGBoosterSaveModelToBuffer", booster, json.dumps({"format": form}).encode(), ctypes.byref(count),
                  ctypes.byref(bytes_at))
        return ctypes.string_at(bytes_at, count.value)

    def predict(self, booster, x, kind):
        """0 = the prediction, 1 = the margin."""
        shape, dim, out = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()
        config = {"type": kind, "iteration_begin": 0, "iteration_end": 0, "strict_shape": False, "training": False}
        self.call("XGBoosterPredictFromDMatrix", booster, self.matrix(x), json.dumps(config).encode(),
                  ctypes.byref(shape), ctypes.byref(dim), ctypes.byref(out))
        return np.ctypeslib.as_array(out, (len(x),)).copy()


def array(values):
    """NumPy's array interface as text."""
    return json.dumps({"data": [values.ctypes.data, True], "shape": list(values.shape), "typestr": "<f4",
                       "version": 3}).encode()


def rows(rng, count, wild):
    """Two numbers and two categories of 4 and 60 values."""
    x = np.stack([rng.normal(size=count), rng.integers(-3, 4, count), rng.integers(0, 4, count),
                  rng.integers(0, 60, count)], axis=1)
    x[rng.random(x.shape) < 0.1] = np.nan
    if wild:
        odd = np.array([-1, 60, 77, 1e6, 2.0**24, 4e9, -0.0, 2.7])
        x[::4, 3] = odd[np.arange(len(x[::4])) % len(odd)]
    return x.astype(np.float32)


def main():
    deps = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, ".deps")
    xgboost = XGBoost(os.path.join(deps, "lib"))
    rng = np.random.default_rng(20251125)
    x = rows(rng, 3000, False)
    known = np.nan_to_num(x)
    score = known[:, 0] + 0.4 * known[:, 1] + np.sin(known[:, 3]) + 0.3 * rng.normal(size=len(x))
    new = rows(rng, 200, True)
    os.makedirs(OUT, exist_ok=True)
    for name, (params, rounds) in MODELS.items():
        y = score if params["objective"].startswith("reg") else np.floor(np.exp(0.3 * score)) if name == "dart" \
            else score > 0
        booster = xgboost.train(x, np.ascontiguousarray(y, dtype=np.float32), params, rounds)
        stem = f"xgboost-{xgboost.version()}-{name}"
        for form, end in (("json", "json"), ("ubj", "ubj")):
            with open(os.path.join(OUT, f"{stem}.{end}"), "wb") as out:
                out.write(xgboost.save(booster, form))
        table = np.column_stack([new, xgboost.predict(booster, new, 1), xgboost.predict(booster, new, 0)])
        with open(os.path.join(OUT, f"{stem}.csv"), "w", encoding="ascii") as out:
            out.write(f"# tools/golden_forest.py with XGBoost {xgboost.version()}: x0, x1, x2, x3, margin, prediction; "
                      "bits of binary32\n")
            for bits in table.astype(np.float32).view(np.uint32):
                out.write(",".join(f"{value:08x}" for value in bits) + "\n")


if __name__ == "__main__":
    main()
