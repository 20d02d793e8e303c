"""What patients read and press: letters by SMS and e-mail, and a few small pages."""
