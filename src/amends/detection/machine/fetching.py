"""Memory that is asked for before it is needed."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from amends.detection.compiled import Whole

Index = NDArray[np.int64]


def fetch(heap: Index, at: Whole) -> None:
    """Ask for the line of memory in which this cell lies, and do not wait for it. In Python itself it does nothing."""


def _write_prefetch(_: Any, heap: Any, at: Any) -> Any:
    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        cells = context.make_array(signature.args[0])(context, builder, arguments[0])
        cell = builder.bitcast(builder.gep(cells.data, [arguments[1]]), ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        form = ir.FunctionType(ir.VoidType(), [cell.type, number, number, number])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [cell.type], form)
        # To be written too, and to stay at hand.
        builder.call(prefetch, [cell, number(1), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(heap, at), write


_prefetch: Any = intrinsic(_write_prefetch)


@overload(fetch, inline="always")
def _fetch(heap: Any, at: Any) -> Any:
    def ask(heap: Any, at: Any) -> Any:
        _prefetch(heap, np.int64(at))

    return ask
