# PostgreSQL with the extensions that the tests use; the application itself needs none.
FROM postgres:15

RUN apt-get update \
  && apt-get install --yes --no-install-recommends postgresql-15-pgtap postgresql-15-plpgsql-check \
  && rm -rf /var/lib/apt/lists/*
