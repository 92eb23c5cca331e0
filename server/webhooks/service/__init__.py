"""The rules of the room, split by what is done."""
