"""The command line tool `udb`: starts, looks after and generates the product. Nothing below may import it."""
