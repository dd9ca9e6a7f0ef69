from fastapi import APIRouter as R
one = R()
@one.get("/one")
def get_one(): """One."""
