"""Where additive attention looks while it writes a word backwards."""

import torch
from torch import Tensor

from .reversal import GRUTranslator, decode, encode, reverse, shift


@torch.no_grad()
def scores_of_steps(model: GRUTranslator, word: str) -> tuple[str, Tensor]:
    """Return the word backwards, and the scores `[S,T]` of all steps that write it.

    A step is a row, a source letter a column. The decoder reads the right letters so far. A softmax
    of a row gives its weights. Bahdanau et al. 2015, appendix A.1.2.
    """
    source = encode([word])
    target = reverse(source)
    h, last = model.annotations(source)  # [1,T,2w]
    states = [torch.tanh(model.first_state(last))]  # s_0, s_1, ...
    states += [step.state for step in model.steps(source, iter(shift(target).unbind(1)))]
    asking = torch.cat(states[:-1])[:, None]  # [S,1,w]; the last state asks nothing
    hidden = torch.tanh(model.from_state(asking) + model.from_annotation(h))  # [S,T,w]
    (written,) = decode(target)
    return written, model.score(hidden)[..., 0]
