"""The settings of accounts."""

from pydantic import Field

from server.core.config import Section


class AccountsSettings(Section):
    """What an operator may set about accounts."""

    #: Each computation takes 64 MiB and four threads, so one at a time keeps a process's memory flat and two cores
    #: busy; machines with many cores may have more.
    password_hashes_at_once: int = Field(
        1, ge=1, le=64, description="how many passwords one server process checks at a time, 64 MiB each"
    )
    access_token_audience: str = Field(
        "userdata",
        min_length=1,
        description="the `aud` of access tokens; differs between installations that share keys",
    )
    signing_key_days: int = Field(
        30, ge=2, le=365, description="how many days a key signs access tokens before the next one does"
    )
