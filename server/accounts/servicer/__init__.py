"""The five services of accounts: requests in, a service called, rows out as messages."""

from server.accounts.servicer.account import AccountServicer
from server.accounts.servicer.api_key import ApiKeyServicer
from server.accounts.servicer.session import SessionServicer
from server.accounts.servicer.totp import TotpServicer
from server.accounts.servicer.user_admin import UserAdminServicer

__all__ = ["AccountServicer", "ApiKeyServicer", "SessionServicer", "TotpServicer", "UserAdminServicer"]
