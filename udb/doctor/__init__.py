"""`udb doctor`: looks at everything the product needs and says, for what fails, what to do."""

from udb.doctor.checks import CHECKS
from udb.doctor.finding import Finding, Patient, examine

__all__ = ["CHECKS", "Finding", "Patient", "examine"]
