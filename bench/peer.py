"""One engine beside Mainspring: reads the same Parquet files, answers a question a line as JSON.

peer.py chdb|duckdb FOLDER
"""

import json
import os
import sys
import time

ENGINE, FOLDER = sys.argv[1], sys.argv[2]
FILES = os.path.join(FOLDER, "events", "*", "*", "*.parquet")
FIRST_WEEK, WEEK, WEEKS = 1736121600000000, 7 * 86400 * 1000000, 80
FIRST_DAY, DAY, DAYS = 1735689600000000, 86400 * 1000000, 546
STEPS = ["Page viewed", "CTA Clicked", "Form Submitted", "Signed In"]
TOUCH, CONVERSION = "Page viewed", "Form Submitted"
MONTH, HALF_LIFE = 30 * DAY, 7 * DAY


def clickhouse():
    from chdb import session

    here = session.Session()
    threads = os.cpu_count()
    source = f"file('{FILES}', Parquet)"
    us = "reinterpretAsInt64(at)"

    def ask(sql):
        start = time.perf_counter()
        rows = json.loads(str(here.query(sql + f" SETTINGS max_threads = {threads}", "JSONCompact")))["data"]
        return time.perf_counter() - start, rows

    names = ", ".join(f"'{name}'" for name in STEPS)
    conditions = ", ".join(f"name = '{name}'" for name in STEPS)
    moment = "toUInt64(toUnixTimestamp64Micro(at))"
    touch = f"(name = '{TOUCH}' AND channel != '')"
    queries = {
        "funnel": f"""
            SELECT level, count() FROM (
                SELECT windowFunnel({MONTH})({moment}, {conditions}) AS level
                FROM {source} WHERE name IN ({names}) GROUP BY person
            ) WHERE level > 0 GROUP BY level""",
        "retention": f"""
            SELECT cohort, week - cohort AS later, count() FROM (
                SELECT groupUniqArray(intDiv(toUnixTimestamp64Micro(at) - {FIRST_WEEK}, {WEEK})) AS weeks,
                    arrayMin(weeks) AS cohort
                FROM {source}
                WHERE toUnixTimestamp64Micro(at) >= {FIRST_WEEK}
                    AND toUnixTimestamp64Micro(at) < {FIRST_WEEK + WEEKS * WEEK}
                GROUP BY person
            ) ARRAY JOIN weeks AS week GROUP BY cohort, later""",
        "cube": f"""
            SELECT intDiv(toUnixTimestamp64Micro(at) - {FIRST_DAY}, {DAY}) AS day, channel, count(), uniqExact(person)
            FROM {source}
            WHERE toUnixTimestamp64Micro(at) >= {FIRST_DAY} AND toUnixTimestamp64Micro(at) < {FIRST_DAY + DAYS * DAY}
            GROUP BY day, channel""",
        # A journey is the touches up to a conversion: split each person's events after every conversion.
        "attribution": f"""
            WITH journeys AS (
                SELECT journey, arrayLast(x -> 1, journey).3 AS converts,
                    arrayMap(x -> x.2, arrayFilter(x -> x.3 = 0, journey)) AS touches,
                    arrayMap(x -> x.1, arrayFilter(x -> x.3 = 0, journey)) AS moments,
                    arrayLast(x -> 1, journey).1 AS moment
                FROM (
                    SELECT arrayJoin(arraySplit((x, y) -> y, events,
                        arrayPushFront(arrayPopBack(arrayMap(x -> x.3, events)), 0))) AS journey
                    FROM (
                        SELECT arraySort(x -> x.1, groupArray(
                            (toUnixTimestamp64Micro(at), channel, toUInt8(name = '{CONVERSION}')))) AS events
                        FROM {source} WHERE {touch} OR name = '{CONVERSION}' GROUP BY person
                    )
                )
            ),
            stops AS (
                SELECT arrayConcat(['(start)'], touches, [if(converts = 1, '(conversion)', '(nothing)')]) AS path
                FROM journeys WHERE length(journey) > 0
            )
            SELECT 't', pair.1, pair.2, toFloat64(count()) FROM (
                SELECT arrayJoin(arrayZip(arrayPopBack(path), arrayPopFront(path))) AS pair FROM stops
            ) GROUP BY pair
            UNION ALL
            SELECT 'c', credit.1, '', sum(credit.2) FROM (
                SELECT arrayJoin(arrayZip(near_touches, arrayMap(w -> w / total, weights))) AS credit FROM (
                    SELECT arrayFilter((c, t) -> moment - t <= {MONTH}, touches, moments) AS near_touches,
                        arrayMap(t -> exp2(-(moment - t) / {HALF_LIFE}),
                            arrayFilter(t -> moment - t <= {MONTH}, moments)) AS weights,
                        arraySum(weights) AS total
                    FROM journeys WHERE converts = 1
                )
            ) GROUP BY credit.1""",
    }
    import chdb

    return chdb.__version__, ask, queries


def duckdb():
    import duckdb as engine

    here = engine.connect()
    here.execute(f"SET threads = {os.cpu_count()}")
    here.execute("SET enable_progress_bar = false")
    source = f"read_parquet('{FILES}', hive_partitioning = false)"

    def ask(sql):
        start = time.perf_counter()
        rows = here.execute(sql).fetchall()
        return time.perf_counter() - start, rows

    names = ", ".join(f"'{name}'" for name in STEPS)
    # The furthest step of the latest attempt: for each event the latest start that could have come so far, carried along
    # with window functions, a pass a step.
    passes, last = [], "s1"
    passes.append(f"s1 AS (SELECT person, t, name, CASE WHEN name = '{STEPS[0]}' THEN t END AS a1 FROM e)")
    for place, name in enumerate(STEPS[1:], start=2):
        passes.append(
            f"""s{place} AS (SELECT *, CASE WHEN name = '{name}' AND
                t - max(a{place - 1}) OVER (PARTITION BY person ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                <= {MONTH} THEN max(a{place - 1}) OVER
                (PARTITION BY person ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) END AS a{place} FROM {last})"""
        )
        last = f"s{place}"
    level = " ".join(f"WHEN count(a{place}) > 0 THEN {place}" for place in range(len(STEPS), 0, -1))
    funnel = f"""
        WITH e AS (SELECT person, epoch_us("at") AS t, name FROM {source} WHERE name IN ({names})),
        {", ".join(passes)}
        SELECT level, count(*) FROM (SELECT person, CASE {level} ELSE 0 END AS level FROM {last} GROUP BY person)
        WHERE level > 0 GROUP BY level"""
    touch = f"(name = '{TOUCH}' AND channel <> '')"
    queries = {
        "funnel": funnel,
        "retention": f"""
            WITH weeks AS (
                SELECT DISTINCT person, (epoch_us("at") - {FIRST_WEEK}) // {WEEK} AS week FROM {source}
                WHERE epoch_us("at") >= {FIRST_WEEK} AND epoch_us("at") < {FIRST_WEEK + WEEKS * WEEK}
            ), cohorts AS (SELECT week, min(week) OVER (PARTITION BY person) AS cohort FROM weeks)
            SELECT cohort, week - cohort, count(*) FROM cohorts GROUP BY ALL""",
        "cube": f"""
            SELECT (epoch_us("at") - {FIRST_DAY}) // {DAY} AS day, channel, count(*), count(DISTINCT person) FROM {source}
            WHERE epoch_us("at") >= {FIRST_DAY} AND epoch_us("at") < {FIRST_DAY + DAYS * DAY} GROUP BY ALL""",
        "attribution": f"""
            WITH e AS (
                SELECT person, epoch_us("at") AS t, channel, (name = '{CONVERSION}') AS converts FROM {source}
                WHERE {touch} OR name = '{CONVERSION}'
            ), j AS (
                SELECT *, coalesce(sum(converts::INT) OVER (PARTITION BY person ORDER BY t
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS journey FROM e
            ), p AS (
                SELECT *, lag(CASE WHEN converts THEN '(conversion)' ELSE channel END, 1, '(start)')
                        OVER (PARTITION BY person, journey ORDER BY t) AS before,
                    CASE WHEN converts THEN '(conversion)' ELSE channel END AS stop,
                    row_number() OVER (PARTITION BY person, journey ORDER BY t DESC) AS back,
                    max(CASE WHEN converts THEN t END) OVER (PARTITION BY person, journey) AS moment
                FROM j
            ), w AS (
                SELECT channel, person, journey, pow(2, -(moment - t) / {HALF_LIFE}.0) AS weight FROM p
                WHERE moment IS NOT NULL AND NOT converts AND moment - t <= {MONTH}
            ), c AS (
                SELECT channel, weight / sum(weight) OVER (PARTITION BY person, journey) AS credit FROM w
            )
            SELECT 't', before, stop, count(*)::DOUBLE FROM p GROUP BY ALL
            UNION ALL
            SELECT 't', stop, '(nothing)', count(*)::DOUBLE FROM p WHERE back = 1 AND NOT converts GROUP BY ALL
            UNION ALL
            SELECT 'c', channel, '', sum(credit) FROM c GROUP BY ALL""",
    }
    return engine.__version__, ask, queries


def answer(question, rows):
    found = {}

    def add(key, number):
        found[key] = found.get(key, 0) + float(number)

    for row in rows:
        if question == "funnel":
            for step in range(1, int(row[0]) + 1):
                add(str(step), row[1])
        elif question == "retention":
            add(f"{int(row[0])}+{int(row[1])}", row[2])
        elif question == "cube":
            add(f"{int(row[0])} {row[1]} events", row[2])
            add(f"{int(row[0])} {row[1]} people", row[3])
        elif row[0] == "t":
            add(f"{row[1]} > {row[2]}", row[3])
        else:
            add(f"credit {row[1]}", row[3])
    return found


def main():
    version, ask, queries = {"chdb": clickhouse, "duckdb": duckdb}[ENGINE]()
    print(json.dumps({"version": version}), flush=True)
    for line in sys.stdin:
        question = line.strip()
        try:
            seconds, rows = ask(queries[question])
            print(json.dumps({"seconds": seconds, "answer": answer(question, rows)}), flush=True)
        except Exception as error:
            print(json.dumps({"error": str(error)[:2000]}), flush=True)


main()
