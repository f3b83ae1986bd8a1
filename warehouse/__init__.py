"""The warehouse: tables, migrations, bulk load, views and quality gates, for PostgreSQL only and using it.

Data moves raw -> core -> mart. `raw` is what arrived, `core` the current state with its history, `mart` what an analyst
reads. Only `streams`, `jobs` and `suara` may import this room.
"""
