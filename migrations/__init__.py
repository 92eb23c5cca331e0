"""The schema's history: numbered scripts, forward and back, run by Peewee's own runner (`migrations.run`)."""
