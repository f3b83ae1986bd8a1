"""One file a job: read from the warehouse, compute in the pure rooms, write in one transaction."""
