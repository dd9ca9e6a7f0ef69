from flask import Blueprint as BP

users_bp = BP(name="users", import_name=__name__)


@users_bp.get("/me")
async def me():
    """Me.

    Myself.
    """
    return ""
