"""Prediction: how likely an appointment is to become a no-show, learned from what is on record."""
