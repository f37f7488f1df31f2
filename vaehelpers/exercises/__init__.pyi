from .catalogue import EXERCISES as EXERCISES
from .catalogue import check as check
from .checking import Exercise as Exercise
from .checking import Mistake as Mistake
from .checking import verdict as verdict

__all__ = ["EXERCISES", "Exercise", "Mistake", "check", "verdict"]
