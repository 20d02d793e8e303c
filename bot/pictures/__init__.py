"""Pictures: the heatmap as a figure, Chromium that renders it, and those already rendered."""
