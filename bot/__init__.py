"""The running program: settings, command line, wiring, delivery, pictures and the demo."""
