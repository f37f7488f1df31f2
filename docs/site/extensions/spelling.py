"""The search finds a word in British and in American spelling: both count as the same word.

What the index knows, `../static/site.js` does with what is searched for.
"""

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish


class BothSpellings(SearchEnglish):
    """English in which "reparameterization" is "reparameterisation"."""

    def stem(self, word: str) -> str:
        """Return the part of a word that stands for it in the index."""
        return super().stem(word.lower().replace("iz", "is"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_search_language(BothSpellings)
    return {"parallel_read_safe": True}
