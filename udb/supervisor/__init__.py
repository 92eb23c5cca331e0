"""Starting, watching, restarting and stopping the processes of an installation (ADR 0003)."""
