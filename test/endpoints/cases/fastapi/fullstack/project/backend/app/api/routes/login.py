from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from app.api.deps import get_current_user

router = APIRouter(tags=["login"])


@router.post("/login/access-token")
def login_access_token():
    """
    OAuth2 compatible token login, get an access token for future requests
    """


@router.post("/login/test-token")
def test_token(current_user=Depends(get_current_user)):
    """
    Test access token
    """


@router.post("/password-recovery-html-content/{email}", dependencies=[Depends(get_current_user)], response_class=HTMLResponse)
def recover_password_html_content(email: str):
    """
    HTML Content for Password Recovery
    """
