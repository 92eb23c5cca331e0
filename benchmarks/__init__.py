"""Userdata beside a peer, measured in one run on one machine: `make bench`."""
