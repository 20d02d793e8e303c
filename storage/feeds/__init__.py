"""Data feeds: how the HMO's schedule comes in. `importing.import_file` is the way in."""
