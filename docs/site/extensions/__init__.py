"""What the site needs beyond Sphinx, its theme and MyST-NB: one Sphinx extension a module."""
