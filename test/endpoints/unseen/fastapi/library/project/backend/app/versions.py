from enum import IntEnum


class Version(IntEnum):
    FIRST = 1
    SECOND = 2


CURRENT = Version.SECOND
TEMPLATE = "/api/v{number}"


def prefix_of(version: Version) -> str:
    return TEMPLATE.format(number=version.value)
