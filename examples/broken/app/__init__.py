"""An invoice service that cannot be imported."""
