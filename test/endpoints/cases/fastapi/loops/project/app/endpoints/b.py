from fastapi import APIRouter
router = APIRouter()
@router.get("/%s/%d" % ("x", 1))
def formatted(): pass
@router.get("/{}/y".format("z"))
def formatted_too(): pass
