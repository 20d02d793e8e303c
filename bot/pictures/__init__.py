"""Pictures: heatmaps and charts as figures, Chromium that renders them, and those rendered."""
