from fastapi import Depends

from src.database import get_session
from src.patients.service import PatientService


def patient_service(session=Depends(get_session)) -> PatientService:
    return PatientService(session)
