"""`udb backup` and `udb restore`: one file that holds an installation, and that proves to be whole.

The file is a tar archive: `manifest.json` with sizes and SHA-256 sums of all the others, `manifest.sha256`,
`database.dump` (pg_dump's custom format, one consistent snapshot), `secrets/…` (without which sealed columns are
noise; so the file is as secret as they are) and `mail.json` (the names of mails that were kept as files). The broker is
not in it: each job has its row.
"""

from udb.backup.archive import Manifest
from udb.backup.restore import restore
from udb.backup.save import backup

__all__ = ["Manifest", "backup", "restore"]
