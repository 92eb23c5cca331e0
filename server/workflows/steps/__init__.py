"""The types of steps, one file each; `registry` lists them."""
