from typing import List

from fastapi import APIRouter, Depends, Path

from .dependencies import patient_service
from .records import router as records_router
from .schemas import PatientIn, PatientOut
from .service import PatientService

router = APIRouter(responses={404: {"description": "Not found"}})
router.include_router(records_router, prefix="/{patient_id}/records")


@router.get("", response_model=List[PatientOut])
async def list_patients(service: PatientService = Depends(patient_service)):
    """List all patients.

    Args:
        service: where they are kept.

    Returns:
        The patients, by name.
    """


@router.post("", response_model=PatientOut, status_code=201)
async def admit_patient(patient: PatientIn, service: PatientService = Depends(patient_service)):
    """Admit a patient.\f

    :param patient: who
    """


@router.get("/{patient_id}", response_model=PatientOut)
async def get_patient(patient_id: int = Path(..., ge=1)):
    ...


@router.patch("/{patient_id}", response_model=PatientOut, operation_id="changePatient")
async def change_patient(patient_id: int, patient: PatientIn):
    '''Change a patient'''


@router.delete("/{patient_id}", status_code=204, deprecated=True)
async def discharge_patient(patient_id: int) -> None:
    """Discharge."""
