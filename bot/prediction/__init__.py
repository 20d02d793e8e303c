"""Prediction at work: models are trained, judged, kept as files, put in charge, and asked."""
