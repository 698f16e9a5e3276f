"""The five calls through the unmodified Python SDK: calls.py URL WRITE_KEY USER."""

import sys

import segment.analytics as analytics

url, write_key, user = sys.argv[1:]
problems = []
analytics.host = url
analytics.write_key = write_key
analytics.gzip = True
analytics.max_retries = 15
analytics.upload_interval = 0.2
analytics.on_error = lambda error, items: problems.append(error)

# Each call is a request of its own, so that every fault is met.
analytics.identify(user, {"email": f"{user}@example.org", "name": "Ada"})
analytics.flush()
analytics.track(user, "Order placed", {"revenue": 49.5, "currency": "EUR"})
analytics.flush()
analytics.page(user, None, "Pricing", {"url": "https://acme.example/pricing"})
analytics.flush()
analytics.group(user, f"{user}-company", {"name": "Acme"})
analytics.flush()
analytics.alias(user, f"{user}-new")
analytics.flush()
analytics.shutdown()
if problems:
    sys.exit(f"given up: {problems[0]!r}")
