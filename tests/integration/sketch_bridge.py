"""sketch_bridge.py: the sketches of libtend in Python, over build/tests/sketch_bridge.so (ctypes)."""
import ctypes
import os

import numpy as np

from tend_program import BUILD

PATH = os.path.join(BUILD, "tests", "sketch_bridge.so")
KLL, HLL, FREQUENT, DDSKETCH = range(4)
HLL_4, HLL_6, HLL_8 = range(3)


def load():
    """The shared library, or None where the build has none (sanitizers)."""
    if not os.path.exists(PATH):
        return None
    lib = ctypes.CDLL(PATH)
    sized = (ctypes.c_char_p, ctypes.c_size_t)
    handle = ctypes.c_void_p
    signatures = {
        "bridge_error": (ctypes.c_char_p, ()),
        "bridge_new": (handle, (ctypes.c_int, ctypes.c_double, ctypes.c_uint64, ctypes.c_int)),
        "bridge_read": (handle, (ctypes.c_int, *sized)),
        "bridge_free": (None, (handle,)),
        "bridge_add": (None, (handle, ctypes.c_void_p, ctypes.c_size_t)),
        "bridge_add_ints": (None, (handle, ctypes.c_void_p, ctypes.c_size_t)),
        "bridge_add_text": (ctypes.c_int, (handle, *sized, ctypes.c_uint64)),
        "bridge_add_texts": (ctypes.c_int, (handle, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t)),
        "bridge_merge": (ctypes.c_int, (handle, handle)),
        "bridge_write": (ctypes.c_void_p, (handle, ctypes.POINTER(ctypes.c_size_t))),
        "bridge_ask": (ctypes.c_double, (handle, ctypes.c_int, ctypes.c_double)),
        "bridge_weight": (ctypes.c_uint64, (handle, *sized, ctypes.c_int)),
    }
    for name, (result, arguments) in signatures.items():
        getattr(lib, name).restype = result
        getattr(lib, name).argtypes = arguments
    return lib


LIB = load()


class Sketch:
    """A sketch of libtend. `kind` and what bridge_new() says of its numbers."""

    def __init__(self, kind, a=0.0, b=0, c=0, bytes_read=None):
        if bytes_read is None:
            self.handle = LIB.bridge_new(kind, a, b, c)
        else:
            self.handle = LIB.bridge_read(kind, bytes_read, len(bytes_read))
        if not self.handle:
            raise ValueError(LIB.bridge_error().decode())

    def __del__(self):
        LIB.bridge_free(self.handle)

    def add(self, values):
        """Numbers."""
        values = np.ascontiguousarray(values, dtype=np.float64)
        LIB.bridge_add(self.handle, values.ctypes.data, len(values))
        return self

    def add_ints(self, values):
        """Integers, for distinct counts."""
        values = np.ascontiguousarray(values, dtype=np.int64)
        LIB.bridge_add_ints(self.handle, values.ctypes.data, len(values))
        return self

    def add_text(self, text, weight=1):
        """One text."""
        raw = text.encode()
        if LIB.bridge_add_text(self.handle, raw, len(raw), weight) != 0:
            raise ValueError(LIB.bridge_error().decode())
        return self

    def add_texts(self, texts):
        """Many texts."""
        raw = [text.encode() for text in texts]
        offsets = np.cumsum([0] + [len(r) for r in raw]).astype(np.int64)
        if LIB.bridge_add_texts(self.handle, b"".join(raw), offsets.ctypes.data, len(raw)) != 0:
            raise ValueError(LIB.bridge_error().decode())
        return self

    def merge(self, other):
        """Adds another sketch of the kind."""
        if LIB.bridge_merge(self.handle, other.handle) != 0:
            raise ValueError(LIB.bridge_error().decode())
        return self

    def write(self):
        """Its bytes."""
        size = ctypes.c_size_t()
        at = LIB.bridge_write(self.handle, ctypes.byref(size))
        if not at:
            raise ValueError(LIB.bridge_error().decode())
        return ctypes.string_at(at, size.value)

    def ask(self, question, x=0.0):
        """What bridge_ask() answers."""
        return LIB.bridge_ask(self.handle, question, x)

    def weight(self, text):
        """The bounds of the weight of a text."""
        raw = text.encode()
        return tuple(LIB.bridge_weight(self.handle, raw, len(raw), high) for high in (0, 1))
