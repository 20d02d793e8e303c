"""The whole product through weeks of the sample HMO, beside the same weeks without it."""
