"""The rules of the field, free of Telegram and of SQL."""
