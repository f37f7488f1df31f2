from . import mail as mail
from . import masking as masking
from . import reversal as reversal
from . import spam as spam

__all__ = ["mail", "masking", "reversal", "spam"]
