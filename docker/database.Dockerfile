# PostgreSQL with the extensions that the tests use and the rule phone_strict; the rest needs none.
FROM postgres:15

RUN apt-get update \
  && apt-get install --yes --no-install-recommends postgresql-15-pgtap postgresql-15-plpgsql-check postgresql-plpython3-15 python3-phonenumbers \
  && rm -rf /var/lib/apt/lists/*
