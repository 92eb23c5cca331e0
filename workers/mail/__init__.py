"""Mail: a letter becomes text and HTML from `templates/`, a message, and leaves by SMTP or as a file."""
