from . import classifier as classifier
from . import evidence as evidence
from . import posteriors as posteriors
from .records import load_film as load_film
from .records import load_record as load_record
from .records import save_record as save_record
from .registry import all_published as all_published
from .registry import load_published as load_published
from .registry import load_translator as load_translator
from .registry import published_checkpoint as published_checkpoint
from .spam_filter import load_spam_filter as load_spam_filter
from .spam_filter import save_spam_filter as save_spam_filter

__all__ = [
    "all_published",
    "classifier",
    "evidence",
    "load_film",
    "load_published",
    "load_record",
    "load_spam_filter",
    "load_translator",
    "posteriors",
    "published_checkpoint",
    "save_record",
    "save_spam_filter",
]
