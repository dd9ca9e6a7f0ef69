from fastapi import APIRouter, Depends

from .guards import librarian, log_calls

loans_router = APIRouter(prefix="/loans", dependencies=[Depends(librarian)], tags=["loans"])


@loans_router.post("/")
@log_calls
async def lend():
    """Lends a book."""


@loans_router.post("/{loan_id}/return")
@log_calls
async def give_back(loan_id: int):
    """Takes a book back."""


@loans_router.post("/{loan_id}/extend", tags=["extensions"], name="extend")
async def extend_loan(loan_id: int): ...


@loans_router.trace("/debug")
async def trace(): ...
