"""Generates the OpenAPI document from the contract; see docs/decisions/0005-openapi.md."""

from udb.openapi.contract import ContractError
from udb.openapi.document import generate

__all__ = ["ContractError", "generate"]
