"""The page of settings lists every setting there is."""

from udb.conf import ROOT
from udb.settings import page


def test_the_page_is_up_to_date():
    assert (ROOT / "docs" / "settings.md").read_text() == page(), "run make settings"
