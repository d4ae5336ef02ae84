# The `leadgen` command: migrate, API and worker are the same image with another command.
FROM python:3.11-slim

WORKDIR /app
COPY pyproject.toml constraints.txt ./
COPY api api
COPY sql sql
RUN pip install --no-cache-dir --constraint constraints.txt ".[stripe]" && useradd --system leadgen
USER leadgen

ENTRYPOINT ["leadgen"]
