import os
import sys


def main():
    settings_module = "payroll.settings.production" if "WEBSITE_HOSTNAME" in os.environ else "payroll.settings"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "payroll.settings")


if __name__ == "__main__":
    main()
