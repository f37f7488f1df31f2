"""What a call of PyTorch costs, counted rather than timed: operations, and bytes kept."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

Shape = torch.Size


def count_operations(call: Callable[..., object], *inputs: Tensor) -> int:
    """Count the multiplications and additions of a call that are part of a product of matrices."""
    with FlopCounterMode(display=False, custom_mapping=_FUSED_ON_CPU) as counter:
        call(*inputs)
    return counter.get_total_flops()


def count_bytes_kept(call: Callable[..., object], *inputs: Tensor) -> int:
    """Count the bytes that a call keeps for the backward pass."""
    kept: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        call(*inputs)
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values())


def _operations_of_fused(query: Shape, keys: Shape, values: Shape, *_: object, **__: object) -> int:
    """Count those of the two products in fused attention: queries by keys, weights by values."""
    *batch, queries, width = query
    return 2 * math.prod(batch) * queries * keys[-2] * (width + values[-1])


# Before version 2.15 PyTorch counts nothing for its fused attention on a CPU.
_FUSED_ON_CPU = {torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: _operations_of_fused}
