from fastapi import APIRouter

from . import paths

router = APIRouter()


@router.get(paths.MEMBERS, tags=["members"])
def members():
    """All members."""


@router.get(paths.MEMBER, tags=["members"])
def member(member_id: int): ...


@router.get(path=paths.CARD, tags=["members"])
def card(member_id: int):
    """The member's card."""


@router.get(paths.FINES, summary="Fines", description="What a member owes.")
def fines(member_id: int):
    """Ignored."""


@router.post(f"{paths.FINES}/pay")
def pay(member_id: int): ...
