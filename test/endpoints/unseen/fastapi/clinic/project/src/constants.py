from enum import Enum


class Version(str, Enum):
    V1 = "v1"
    V2 = "v2"


class Tag(str, Enum):
    PATIENTS = "Patients"
    APPOINTMENTS = "Appointments"
    BILLING = "Billing"
    SYSTEM = "System"
