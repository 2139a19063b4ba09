"""A tool's name and its questions (JSON on standard input) in, the rows of each answer out: JSON. Run in a store's folder."""

import ast
import json
import sys

import chdb
import duckdb
import pandas as pd
import polars as pl


def by_python(question):
    *statements, last = ast.parse(question).body
    names = {"pd": pd, "pl": pl}
    exec(compile(ast.Module(statements, []), "question", "exec"), names)
    answer = eval(compile(ast.Expression(last.value), "question", "eval"), names)
    return answer.rows() if isinstance(answer, pl.DataFrame) else list(answer.itertuples(index=False, name=None))


def by_clickhouse(question):
    """ClickHouse as a library."""
    return list(chdb.query(question, "DataFrame").itertuples(index=False, name=None))


def plain(value):
    if hasattr(value, "timestamp"):
        return round(value.timestamp() * 1000)
    return int(value)


ASKED = {
    "duckdb": lambda question: duckdb.sql(question).fetchall(),
    "polars": by_python,
    "pandas": by_python,
    "clickhouse": by_clickhouse,
}
TOOL = ASKED[sys.argv[1]]
answers = [[[plain(value) for value in row] for row in TOOL(question)] for question in json.load(sys.stdin)]
json.dump(answers, sys.stdout)
