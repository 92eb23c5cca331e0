"""`udb admin create`: the first administrator of an installation, whom nobody could invite."""

from server.accounts.service import administration
from server.core import ids, tenancy
from udb import direct


def create(url: str, *, email: str, password: str, name: str) -> str:
    """Make an administrator, or make one of the account that has `email`; gives the user's id.

    Raises ToolError with what is wrong with e-mail, password or name.
    """
    with direct.opened(url), tenancy.transaction():
        user = administration.create_admin(email, password, name)
        return ids.encode("usr", user.id)
