from fastapi import APIRouter

from . import handlers

router = APIRouter()

router.add_api_route("/", handlers.search, methods=["GET"])
router.add_api_route("/", handlers.book, methods=["POST"], summary="Book an appointment")
router.add_api_route("/{appointment_id}", handlers.read, methods=["GET"], name="Read one")
router.add_api_route("/{appointment_id}/cancel", handlers.cancel, methods=["POST", "DELETE"])
router.add_api_route("/slots", handlers.slots)
