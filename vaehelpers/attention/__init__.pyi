from . import alignment as alignment
from . import costs as costs
from . import mail as mail
from . import mail_file as mail_file
from . import masking as masking
from . import reversal as reversal
from . import spam as spam

__all__ = ["alignment", "costs", "mail", "mail_file", "masking", "reversal", "spam"]
