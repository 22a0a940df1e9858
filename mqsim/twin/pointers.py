"""How compiled functions see the state: as one address, at which the place and the length of each array
stand.

A tuple of fifty arrays would be copied at each call, and takes minutes to compile. So `s` is a type of its
own for
numba: a pointer whose attributes are the arrays of `State`. Uncompiled, `s` is the `State` itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, from_dtype, types
from numba.core import cgutils
from numba.core.datamodel import models, register_default
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic

from mqsim.twin.state import FIELDS, State

_WORDS = 3
"""For each array: its address, its length, and the length of a row where it has two dimensions."""


class StateType(types.Type):  # type: ignore[misc]
    """The type of `s`."""

    def __init__(self) -> None:
        super().__init__(name="mqsim.twin.State")


STATE = StateType()
_INDEX = {name: k for k, name in enumerate(FIELDS)}


def _array_type(name: str) -> Any:
    dtype, dimensions = FIELDS[name]
    return types.Array(from_dtype(dtype), dimensions, "C")


@register_default(StateType)
class _StateModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, ir.IntType(64))


@infer_getattr
class _StateAttributes(AttributeTemplate):  # type: ignore[misc]
    key = StateType

    def generic_resolve(self, _state: Any, name: str) -> Any:
        """The type of one of its arrays."""
        return _array_type(name) if name in FIELDS else None


@lower_getattr_generic(StateType)  # type: ignore[untyped-decorator]
def _array_at(context: Any, builder: Any, _state: Any, value: Any, name: str) -> Any:
    """One of its arrays, made of the words at the address."""
    kind = _array_type(name)
    word = ir.IntType(64)
    place = builder.inttoptr(value, word.as_pointer())

    def read(offset: int) -> Any:
        found = builder.load(builder.gep(place, [ir.Constant(word, _INDEX[name] * _WORDS + offset)]))
        # Tables are exchanged between two calls of the kernel only, so a word is read once a call.
        found.set_metadata("invariant.load", builder.module.add_metadata([]))
        return found

    array = context.make_array(kind)(context, builder)
    itemsize = context.get_constant(types.intp, FIELDS[name][0].itemsize)
    shape = [read(1)] if kind.ndim == 1 else [read(1), read(2)]
    strides = [itemsize] if kind.ndim == 1 else [builder.mul(itemsize, shape[1]), itemsize]
    data_type = context.get_data_type(kind.dtype).as_pointer()
    context.populate_array(
        array,
        data=builder.inttoptr(read(0), data_type),
        shape=cgutils.pack_array(builder, shape),
        strides=cgutils.pack_array(builder, strides),
        itemsize=itemsize,
        meminfo=None,
    )
    return array._getvalue()  # noqa: SLF001


COMPILES = not config.DISABLE_JIT
"""Whether functions are compiled at all; for looking for a mistake they need not be."""


@intrinsic  # type: ignore[untyped-decorator]
def _state_at(_typing: Any, _address: Any) -> Any:
    """The state whose words stand at an address."""

    def generate(_context: Any, _builder: Any, _signature: Any, arguments: Any) -> Any:
        return arguments[0]

    return STATE(types.int64), generate


def words_of(state: State) -> Any:
    """The words that stand for a state; they hold as long as its arrays are the same."""
    words: list[int] = []
    for array, (name, (dtype, dimensions)) in zip(state, FIELDS.items(), strict=True):
        assert array.dtype == dtype, name
        assert array.flags.c_contiguous, name
        words += (array.ctypes.data, *array.shape, *[0] * (_WORDS - 1 - dimensions))
    return np.array(words, np.int64)


def _itself(state: State) -> State:
    return state


state_at: Any = _state_at if COMPILES else _itself
