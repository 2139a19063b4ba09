"""A Parquet file in, its rows as duckdb, polars and pandas read them out: JSON, a list for each."""

import json
import sys

import duckdb
import pandas
import polars


def by_duckdb(file):
    rows = duckdb.sql(f"SELECT * FROM read_parquet('{file}')")
    return [dict(zip(rows.columns, row)) for row in rows.fetchall()]


def by_polars(file):
    return polars.read_parquet(file).to_dicts()


def by_pandas(file):
    rows = pandas.read_parquet(file, dtype_backend="pyarrow").to_dict("records")
    return [{name: None if pandas.isna(value) else value for name, value in row.items()} for row in rows]


def milliseconds(moment):
    return round(moment.timestamp() * 1000)


[_, FILE] = sys.argv
READERS = {"duckdb": by_duckdb, "polars": by_polars, "pandas": by_pandas}
json.dump({name: read(FILE) for name, read in READERS.items()}, sys.stdout, default=milliseconds)
