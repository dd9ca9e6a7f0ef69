"""What truth.py asks FastAPI, Flask and Django, and what it gives projects in place of packages that are not there."""
