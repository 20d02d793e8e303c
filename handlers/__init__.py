"""What a person can say and press, and what they see."""

import os

# python-telegram-bot warns at every flood wait unless told which type the wait should have.
os.environ.setdefault("PTB_TIMEDELTA", "true")
