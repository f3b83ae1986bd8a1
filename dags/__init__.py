"""The schedule: Airflow wiring and nothing else. A task is a docstring and one call to a job."""
