import os
import sys
from pathlib import Path

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "core.settings")
    from django.core.management import execute_from_command_line

    sys.path.append(str(Path(__file__).parent / "apps"))
    execute_from_command_line(sys.argv)
