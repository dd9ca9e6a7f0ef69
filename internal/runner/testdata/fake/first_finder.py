"""Tells who is asked first where a module is while this one is loaded."""

import sys

courteous = type(sys.meta_path[0]).__name__ == "Courtesy"
