"""What notebook 01 is about: three models that reverse words, mails, and a spam filter's needs.

Read in this order: `reversal` (sequence to sequence with a fixed vector, additive attention, a
Transformer), `alignment` (one of its words, step by step), `masking` (attention weights under a
mask), `mail` (generated mails with labels), `text_file` and `mail_file` (your own ones), `spam`
(tokens, training, scores), `costs` (operations and bytes of a call).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
