"""Has no router."""


def slugify(text: str) -> str:
    return text.lower().replace(" ", "-")
