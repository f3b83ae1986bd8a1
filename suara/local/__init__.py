"""The real parts as child processes under `SUARA_HOME`, until somebody outgrows them: Kafka, PostgreSQL, Airflow."""
