from ninja.router import Router

router = Router(tags=["news"])


@router.get("")
def list_news(request):
    return []
