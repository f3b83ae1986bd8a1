"""Gates after each load: sets of expectations on the warehouse, in two tiers. Critical blocks, warning alerts."""
