"""Files of matrices in, what each pair of members exchanged by family, as three tools add it up, out: JSON. Formats by suffix."""

import json
import sys

import duckdb
import pandas as pd
import polars as pl

KEY = ["src_asn", "dst_asn", "family"]
SUMS = "sum(packets)::BIGINT, sum(bytes)::BIGINT"


def cells(path):
    """All cells of a matrix as JSON, or of those of many steps."""
    with open(path) as file:
        matrix = json.load(file)
    return [cell for one in matrix.get("matrices", [matrix]) for cell in one["cells"]]


def by_duckdb(path):
    if path.endswith(".json"):
        is_steps = "matrices" in json.load(open(path))
        found = f"read_json('{path}', maximum_object_size=1000000000)"
        steps = f"SELECT unnest(matrices) AS m FROM {found}" if is_steps else f"SELECT m FROM {found} AS m"
        rows = f"(SELECT c.* FROM (SELECT unnest(m.cells) AS c FROM ({steps})))"
    else:
        rows = f"read_parquet('{path}')" if path.endswith(".parquet") else f"read_csv('{path}')"
    return duckdb.sql(f"SELECT {', '.join(KEY)}, {SUMS} FROM {rows} WHERE packets > 0 GROUP BY ALL").fetchall()


def by_polars(path):
    if path.endswith(".json"):
        rows = pl.DataFrame(cells(path), infer_schema_length=None)
    else:
        rows = pl.read_parquet(path) if path.endswith(".parquet") else pl.read_csv(path, infer_schema_length=None)
    return rows.filter(pl.col("packets") > 0).group_by(KEY).agg(pl.col("packets", "bytes").sum()).rows()


def by_pandas(path):
    if path.endswith(".json"):
        rows = pd.DataFrame(cells(path))
    else:
        rows = pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path)
    rows = rows[rows["packets"] > 0]
    return rows.groupby(KEY, dropna=False, as_index=False)[["packets", "bytes"]].sum().itertuples(index=False)


def plain(row):
    src, dst, family, packets, counted = row
    number = lambda value: 0 if pd.isna(value) else int(value)
    return [number(src), number(dst), family, number(packets), number(counted)]


TOOLS = {"duckdb": by_duckdb, "polars": by_polars, "pandas": by_pandas}
answer = {tool: {path: sorted(map(plain, add(path))) for path in sys.argv[1:]} for tool, add in TOOLS.items()}
json.dump(answer, sys.stdout)
