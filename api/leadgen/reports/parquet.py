"""Columns of PostgreSQL as columns of Parquet. Numbers with decimals stay exact, times are UTC."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
from psycopg.abc import Buffer
from psycopg.types.datetime import DateLoader, TimestamptzLoader

DIGITS, PLACES = 38, 10  # of a number whose column says neither

TYPES = {
    "bool": pa.bool_(),
    "int2": pa.int16(),
    "int4": pa.int32(),
    "int8": pa.int64(),
    "float4": pa.float32(),
    "float8": pa.float64(),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "timestamp": pa.timestamp("us"),
    "interval": pa.duration("us"),
}


class _Day(DateLoader):
    """A day; an infinite one is the first or last that there is."""

    def load(self, data: Buffer) -> date:
        return _FINITE.get(bytes(data)) or super().load(data)


class _Moment(TimestamptzLoader):
    """A time; an infinite one is the first or last that there is."""

    def load(self, data: Buffer) -> datetime:
        return _FINITE.get(bytes(data)) or super().load(data)


_FINITE = {b"-infinity": datetime.min.replace(tzinfo=UTC), b"infinity": datetime.max.replace(tzinfo=UTC)}


def read_infinity(connection: psycopg.Connection[Any]) -> None:
    """Let a session read infinite days and times, for which Parquet has no value."""
    connection.adapters.register_loader("date", _Day)
    connection.adapters.register_loader("timestamptz", _Moment)


def make_schema(columns: Sequence[psycopg.Column]) -> pa.Schema:
    """The columns of Parquet for those of a result. What has no type there is text; JSON and arrays are JSON text."""
    return pa.schema([pa.field(column.name, _find_type(column)) for column in columns])


def _find_type(column: psycopg.Column) -> pa.DataType:
    known = psycopg.adapters.types.get(column.type_code)
    name = known.name if known is not None and known.oid == column.type_code else ""
    if name == "numeric":
        scale = column.scale
        return pa.decimal128(DIGITS, PLACES if scale is None else scale)
    return TYPES.get(name, pa.string())


def make_batch(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    """A portion of rows."""
    columns = [
        pa.array([_fit(value, field.type) for value in column], type=field.type)
        for field, column in zip(schema, zip(*rows, strict=True), strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _fit(value: Any, kind: pa.DataType) -> Any:
    """A value as its column takes it."""
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        number = Decimal(value)
        return number.quantize(Decimal(1).scaleb(-kind.scale)) if number.is_finite() else None
    if pa.types.is_string(kind) and not isinstance(value, str):
        return (
            json.dumps(value, ensure_ascii=False, default=str)
            if isinstance(value, list | dict)
            else str(value)
        )
    if pa.types.is_duration(kind) and isinstance(value, timedelta):
        return value
    return value
