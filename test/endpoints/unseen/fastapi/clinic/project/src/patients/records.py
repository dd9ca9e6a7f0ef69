from fastapi import APIRouter, File, UploadFile

router = APIRouter(tags=["Records"])


@router.get("/")
def list_records(patient_id: int):
    """What was written about a patient."""


@router.post("/", summary="Add a record")
def add_record(patient_id: int): ...


@router.put("/{record_id}/scan")
def attach_scan(patient_id: int, record_id: str): ...
