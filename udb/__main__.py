"""`python -m udb` and the console script `udb`."""

from udb.main import main

if __name__ == "__main__":
    main()
