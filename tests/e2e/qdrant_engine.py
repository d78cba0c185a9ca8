"""A Qdrant server for tests: the real engine (qdrant-edge-py holds its segments, indexes and query
planner) behind the REST shapes of Qdrant 1.18, which test_qdrant_engine.py compares with recorded ones.

It is strict: a route, a member of a body or a parameter that it does not know is answered with 400
and remembered, and the run that sent it fails (GET /_test/unknown). Faults are asked for by
POST /_test/fault {"method", "path" (a piece of it), "kind", "times", "skip"}; kinds: refuse (close
without a word), reset (in the middle of the answer), slow, 429, 500, truncate, redirect, half (of a
batch is taken, then 500), lost (all is taken, then the connection closed).

    qdrant_engine.py [--port N] [--key KEY] [--dir DIR]     prints the port when it listens
"""
import argparse
import json
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import qdrant_edge as qe

VERSION = {"title": "qdrant - vector search engine", "version": "1.18.3",
           "commit": "db8fa43fcb6aedec1e739487e17a99731b74590a"}


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


class Unknown(Exception):
    pass


def known(value, *names, of="body"):
    for name in value:
        if name not in names:
            raise Unknown(f"{of} has a member {name!r}")
    return value


# ---- from JSON to the engine's objects ---------------------------------------------------------

def point_id(v):
    if isinstance(v, int) and v >= 0:
        return v
    try:
        return uuid.UUID(v)
    except (ValueError, AttributeError, TypeError):
        raise Refused(400, f"Format error in JSON body: value {v} is not a valid point ID, valid "
                           "values are either an unsigned integer or a UUID")


def match(m):
    known(m, "value", "any", "text", "except", of="match")
    if "value" in m:
        return qe.MatchValue(m["value"])
    if "any" in m:
        return qe.MatchAny(m["any"])
    if "except" in m:
        return qe.MatchExcept(m["except"])
    return qe.MatchText(m["text"])


def number_range(r):
    known(r, "gt", "gte", "lt", "lte", of="range")
    if any(isinstance(v, str) for v in r.values()):
        return qe.RangeDateTime(**r)
    return qe.RangeFloat(**r)


def condition(c):
    if "key" in c:
        known(c, "key", "match", "range", of="a condition")
        if "match" in c:
            return qe.FieldCondition(c["key"], match=match(c["match"]))
        if "range" in c:
            return qe.FieldCondition(c["key"], range=number_range(c["range"]))
        raise Unknown("a condition without match or range")
    if "has_id" in c:
        known(c, "has_id", of="a condition")
        return qe.HasIdCondition({point_id(i) for i in c["has_id"]})
    if {"must", "should", "must_not"} & set(c):
        return to_filter(c)
    raise Refused(422, "Validation error in JSON body: At least one field condition must be "
                       "specified")


def to_filter(f):
    if f is None:
        return None
    known(f, "must", "should", "must_not", of="a filter")
    return qe.Filter(**{k: [condition(c) for c in v] for k, v in f.items()})


def vector(v, dense, sparse):
    """Of a point, by name."""
    out = {}
    for name, value in v.items():
        if name in dense:
            if len(value) != dense[name]:
                raise Refused(400, f"Wrong input: Vector dimension error: expected dim: "
                                   f"{dense[name]}, got {len(value)} for vector '{name}'")
            out[name] = value
        elif name in sparse:
            known(value, "indices", "values", of="a sparse vector")
            if sorted(set(value["indices"])) != sorted(value["indices"]):
                raise Refused(422, "Validation error in JSON body: indices: must be unique")
            out[name] = qe.SparseVector(indices=value["indices"], values=value["values"])
        else:
            raise Refused(400, f"Wrong input: Not existing vector name error: {name}")
    return out


def query_vector(q):
    return qe.SparseVector(indices=q["indices"], values=q["values"]) if isinstance(q, dict) else q


def params(p):
    if p is None:
        return None
    known(p, "hnsw_ef", "exact", "quantization", "indexed_only", of="params")
    args = {k: p[k] for k in ("hnsw_ef", "exact", "indexed_only") if k in p}
    if "quantization" in p:
        known(p["quantization"], "ignore", "rescore", "oversampling", of="quantization")
        args["quantization"] = qe.QuantizationSearchParams(**p["quantization"])
    return qe.SearchParams(**args)


def scoring(q, using):
    if isinstance(q, dict) and "fusion" in q:
        known(q, "fusion", of="query")
        return qe.Fusion.Rrf(2) if q["fusion"] == "rrf" else qe.Fusion.Dbsf()
    if isinstance(q, dict):
        known(q, "indices", "values", of="query")
    return qe.Query.Nearest(query_vector(q), using=using)


def prefetch(p):
    known(p, "query", "using", "limit", "filter", "params", "score_threshold", "prefetch",
          of="prefetch")
    return qe.Prefetch(limit=p.get("limit", 10), query=scoring(p["query"], p.get("using")),
                       params=params(p.get("params")), filter=to_filter(p.get("filter")),
                       prefetches=[prefetch(x) for x in p.get("prefetch", [])],
                       score_threshold=p.get("score_threshold"))


def query(q):
    known(q, "prefetch", "query", "using", "limit", "offset", "filter", "params", "with_payload",
          "with_vector", "score_threshold", of="query")
    return qe.QueryRequest(
        limit=q.get("limit", 10), offset=q.get("offset", 0),
        query=scoring(q["query"], q.get("using")) if "query" in q else None,
        prefetches=[prefetch(x) for x in q.get("prefetch", [])], params=params(q.get("params")),
        filter=to_filter(q.get("filter")), with_payload=q.get("with_payload", False),
        with_vector=q.get("with_vector", False), score_threshold=q.get("score_threshold"))


# ---- a collection --------------------------------------------------------------------------------

class Collection:
    def __init__(self, config, folder):
        known(config, "vectors", "sparse_vectors", "quantization_config", "on_disk_payload",
              "shard_number", "replication_factor", "write_consistency_factor", of="create")
        self.config, self.operations, self.indexes = config, 0, {}
        self.lock = threading.Lock()
        self.dense = {n: v["size"] for n, v in config["vectors"].items()}
        self.sparse = set(config.get("sparse_vectors", {}))
        args = {"on_disk_payload": config.get("on_disk_payload", True)}
        if self.dense:
            args["vectors"] = {
                n: qe.EdgeVectorParams(v["size"], getattr(qe.Distance, v["distance"]),
                                       on_disk=v.get("on_disk"))
                for n, v in config["vectors"].items()}
        if self.sparse:
            args["sparse_vectors"] = {
                n: qe.EdgeSparseVectorParams(
                    modifier=qe.Modifier.Idf if v.get("modifier") == "idf" else None)
                for n, v in config["sparse_vectors"].items()}
        if not self.dense and not self.sparse:
            # The server takes a collection without vectors; the embedded engine wants one, which
            # no point has.
            args["sparse_vectors"] = {"none": qe.EdgeSparseVectorParams()}
        if "quantization_config" in config:
            s = config["quantization_config"]["scalar"]
            args["quantization_config"] = qe.ScalarQuantizationConfig(
                type=qe.ScalarType.Int8, quantile=s.get("quantile"),
                always_ram=s.get("always_ram"))
        Path(folder).mkdir(parents=True)
        self.shard = qe.EdgeShard.create(str(folder), qe.EdgeConfig(**args))

    def info(self):
        c = self.config
        shown = {k: c[k] for k in ("vectors", "sparse_vectors", "on_disk_payload") if k in c}
        return {"status": "green", "optimizer_status": "ok", "segments_count": 1,
                "points_count": self.shard.count(qe.CountRequest(exact=True)),
                "config": {"params": {"shard_number": c.get("shard_number", 1),
                                      "replication_factor": c.get("replication_factor", 1),
                                      **shown},
                           "quantization_config": c.get("quantization_config")},
                "payload_schema": self.indexes}

    def did(self):
        self.operations += 1
        return {"operation_id": self.operations, "status": "completed"}

    def index(self, body):
        known(body, "field_name", "field_schema")
        schema, name = body["field_schema"], body["field_name"]
        kind = schema if isinstance(schema, str) else schema["type"]
        self.schema = getattr(self, "schema", {})
        self.schema[name] = {"keyword": qe.PayloadSchemaType.Keyword, "integer": qe.PayloadSchemaType.Integer,
                "datetime": qe.PayloadSchemaType.Datetime, "text": qe.PayloadSchemaType.Text}[kind]
        self.indexes[name] = {"data_type": kind, "points": 0}
        return self.did()

    def need(self, name):
        """An index makes filters fast, not different; only facets and orders ask for one. Made when
        they do: a test's collection has a hundred points, and twelve indexes take a second."""
        if name in getattr(self, "schema", {}):
            self.shard.update(qe.UpdateOperation.create_field_index(name, self.schema.pop(name)))

    def upsert(self, body, half=False):
        known(body, "points", "update_mode", "update_filter")
        points = []
        for p in body["points"]:
            known(p, "id", "vector", "payload", of="a point")
            points.append(qe.Point(point_id(p["id"]),
                                   vector(p["vector"], self.dense, self.sparse),
                                   p.get("payload") or {}))
        if half:
            points = points[:max(1, len(points) // 2)]
        mode = {None: None, "upsert": qe.UpdateMode.Upsert,
                "insert_only": qe.UpdateMode.InsertOnly,
                "update_only": qe.UpdateMode.UpdateOnly}[body.get("update_mode")]
        with self.lock:
            self.shard.update(qe.UpdateOperation.upsert_points(
                points, condition=to_filter(body.get("update_filter")), update_mode=mode))
        return self.did()

    def delete(self, body):
        known(body, "points", "filter")
        with self.lock:
            if "points" in body:
                op = qe.UpdateOperation.delete_points([point_id(i) for i in body["points"]])
            else:
                op = qe.UpdateOperation.delete_points_by_filter(to_filter(body["filter"]))
            self.shard.update(op)
        return self.did()

    def set_payload(self, body):
        known(body, "payload", "points", "filter")
        with self.lock:
            if "points" in body:
                op = qe.UpdateOperation.set_payload([point_id(i) for i in body["points"]],
                                                    body["payload"])
            else:
                op = qe.UpdateOperation.set_payload_by_filter(to_filter(body["filter"]),
                                                              body["payload"])
            self.shard.update(op)
        return self.did()

    def batch(self, body):
        known(body, "operations")
        out = []
        for op in body["operations"]:
            known(op, "upsert", "delete", "set_payload", of="an operation")
            for name, value in op.items():
                out.append(getattr(self, name)(value))
        return out

    def show(self, r, vectors=True):
        out = {"id": str(r.id) if not isinstance(r.id, int) else r.id}
        if r.payload is not None:
            out["payload"] = r.payload
        if getattr(r, "order_value", None) is not None:
            out["order_value"] = r.order_value
        if vectors and r.vector is not None:
            out["vector"] = {n: ({"indices": v.indices, "values": v.values}
                                 if hasattr(v, "indices") else v) for n, v in r.vector.items()}
        return out

    def retrieve(self, body):
        known(body, "ids", "with_payload", "with_vector")
        found = self.shard.retrieve([point_id(i) for i in body["ids"]],
                                    with_payload=body.get("with_payload", True),
                                    with_vector=body.get("with_vector", False))
        return [self.show(r) for r in found]

    def scroll(self, body):
        known(body, "filter", "limit", "offset", "with_payload", "with_vector", "order_by")
        order = body.get("order_by")
        if order:
            self.need(order["key"])
        found, after = self.shard.scroll(qe.ScrollRequest(
            offset=point_id(body["offset"]) if body.get("offset") is not None else None,
            limit=body.get("limit", 10), filter=to_filter(body.get("filter")),
            with_payload=body.get("with_payload", True),
            with_vector=body.get("with_vector", False),
            order_by=qe.OrderBy(order["key"], qe.Direction.Desc if order.get("direction") == "desc"
                                else qe.Direction.Asc) if order else None))
        if after is not None and not isinstance(after, int):
            after = str(after)
        return {"points": [self.show(r) for r in found], "next_page_offset": after}

    def count(self, body):
        known(body, "exact", "filter")
        return {"count": self.shard.count(qe.CountRequest(exact=True,
                                                          filter=to_filter(body.get("filter"))))}

    def facet(self, body):
        known(body, "key", "limit", "exact", "filter")
        self.need(body["key"])
        got = self.shard.facet(qe.FacetRequest(body["key"], limit=body.get("limit", 10),
                                               exact=True, filter=to_filter(body.get("filter"))))
        return {"hits": [{"value": h.value, "count": h.count} for h in got.hits]}

    def scored(self, points):
        return {"points": [{**self.show(p), "version": p.version, "score": p.score}
                           for p in points]}

    def query(self, body):
        return self.scored(self.shard.query(query(body)))

    def query_groups(self, body):
        """The engine has no groups of its own: its whole list, cut up as the server does it."""
        body = dict(body)
        field, size = body.pop("group_by"), body.pop("group_size", 3)
        most = body.pop("limit", 10)
        everything = self.shard.count(qe.CountRequest(exact=True))
        hits = self.scored(self.shard.query(query({**body, "limit": max(1, everything)})))
        groups = {}
        for hit in hits["points"]:
            key = (hit.get("payload") or {}).get(field)
            if key is not None and (key in groups or len(groups) < most):
                groups.setdefault(key, []).append(hit)
        return {"groups": [{"id": k, "hits": v[:size]} for k, v in groups.items()]}

    def query_batch(self, body):
        known(body, "searches")
        return [self.scored(self.shard.query(query(q))) for q in body["searches"]]


# ---- the server ----------------------------------------------------------------------------------

class Engine:
    def __init__(self, key="", folder=None):
        self.key, self.collections, self.faults, self.unknown = key, {}, [], []
        self.requests = {}
        self.lock = threading.Lock()
        self.own = folder is None
        self.folder = Path(folder or tempfile.mkdtemp(prefix="qdrant-engine-"))
        self.made = 0

    def close(self):
        for c in self.collections.values():
            c.shard.close()
        if self.own:
            shutil.rmtree(self.folder, ignore_errors=True)

    def fault(self, method, path):
        with self.lock:
            for f in self.faults:
                if f["method"] != method or f["path"] not in path:
                    continue
                if f.get("skip", 0) > 0:
                    f["skip"] -= 1
                    continue
                if f.get("times", 1) > 0:
                    f["times"] = f.get("times", 1) - 1
                    return f
        return None

    def collection(self, name):
        if name not in self.collections:
            raise Refused(404, f"Not found: Collection `{name}` doesn't exist!")
        return self.collections[name]

    def whole(self, method, name, body):
        if method == "PUT":
            with self.lock:
                if name in self.collections:
                    raise Refused(409, f"Wrong input: Collection `{name}` already exists!")
                self.made += 1
                self.collections[name] = Collection(body, self.folder / f"c{self.made}")
            return True
        c = self.collection(name)
        if method == "GET":
            return c.info()
        if method == "DELETE":
            del self.collections[name]
            c.shard.close()
            return True
        raise Unknown(f"{method} of a collection")

    def answer(self, method, path, args, body, half):
        parts = path.strip("/").split("/")
        known(args, "wait", "ordering", "timeout", "consistency", of="the address")
        if path == "/":
            return VERSION
        if parts[0] != "collections" or len(parts) > 5:
            raise Refused(404, "")
        if len(parts) == 1 and method == "GET":
            return {"collections": [{"name": n} for n in self.collections]}
        if len(parts) == 2:
            return self.whole(method, parts[1], body)
        if parts[2:] == ["exists"]:
            return {"exists": parts[1] in self.collections}
        c = self.collection(parts[1])
        routes = {("PUT", "index"): c.index, ("POST", "points"): c.retrieve,
                  ("POST", "points/delete"): c.delete, ("POST", "points/payload"): c.set_payload,
                  ("POST", "points/batch"): c.batch, ("POST", "points/scroll"): c.scroll,
                  ("POST", "points/count"): c.count, ("POST", "facet"): c.facet,
                  ("POST", "points/query"): c.query, ("POST", "points/query/batch"): c.query_batch,
                  ("POST", "points/query/groups"): c.query_groups}
        rest = "/".join(parts[2:])
        if (method, rest) == ("PUT", "points"):
            return c.upsert(body, half)
        if (method, rest) == ("POST", "snapshots"):
            return {"name": f"{parts[1]}-1-{int(time.time())}.snapshot",
                    "creation_time": time.strftime("%Y-%m-%dT%H:%M:%S"), "size": 1,
                    "checksum": "0" * 64}
        if method == "GET" and len(parts) == 4 and parts[2] == "points":
            found = c.retrieve({"ids": [parts[3]], "with_payload": True, "with_vector": True})
            if not found:
                raise Refused(404, f"Not found: Point with id {parts[3]} does not exists!")
            return found[0]
        if (method, rest) not in routes:
            raise Unknown(f"route {method} {path}")
        return routes[method, rest](body)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def say(self, status, data, kind="application/json", cut=False, headers=()):
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        for k, v in headers:
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[:len(data) // 2] if cut else data)
        self.wfile.flush()

    def close_hard(self):
        """A reset instead of an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def control(self, path, body):
        e = self.server.engine
        if path == "/_test/fault":
            with e.lock:
                if self.command == "GET":
                    return self.say(200, json.dumps(e.faults).encode())
                e.faults = [body] if body else []
            return self.say(200, b"{}")
        if path == "/_test/unknown":
            return self.say(200, json.dumps(e.unknown).encode())
        if path == "/_test/requests":
            return self.say(200, json.dumps(e.requests).encode())
        return self.say(404, b"")

    def handle_any(self):
        e, method = self.server.engine, self.command
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            return self.refuse(400, "Format error in JSON body")
        if url.path.startswith("/_test/"):
            return self.control(url.path, body)
        if url.path in ("/readyz", "/livez", "/healthz"):
            text = b"all shards are ready" if url.path == "/readyz" else b"healthz check passed"
            return self.say(200, text, "text/plain; charset=utf-8")
        if e.key:
            given = self.headers.get("api-key") or ""
            bearer = self.headers.get("Authorization") or ""
            if not given and not bearer:
                return self.say(401, b"Must provide an API key or an Authorization bearer token",
                                None)
            if given != e.key and bearer != f"Bearer {e.key}":
                return self.say(401, b"Invalid API key or JWT", None)
        self.served(e, method, url, body)

    def served(self, e, method, url, body):
        name = f"{method} {'/'.join(url.path.split('/')[:2] + url.path.split('/')[3:])}"
        with e.lock:
            e.requests[name] = e.requests.get(name, 0) + 1
        fault = e.fault(method, url.path) or {}
        kind = fault.get("kind")
        if kind == "refuse":
            return self.close_hard()
        if kind in ("429", "500"):
            return self.say(int(kind), json.dumps({"status": {"error": "Service internal error: "
                            "injected"}, "time": 0.0}).encode(),
                            headers=[("Retry-After", "0")] if kind == "429" else [])
        if kind == "redirect":
            return self.say(307, b"", headers=[("Location", "http://127.0.0.1:9/")])
        if kind == "slow":
            time.sleep(fault.get("seconds", 3))
        start = time.perf_counter()
        try:
            result = e.answer(method, url.path, dict(parse_qsl(url.query)), body, kind == "half")
        except Refused as why:
            return self.refuse(why.status, str(why))
        except Unknown as why:
            e.unknown.append(f"{method} {self.path}: {why}")
            return self.refuse(400, f"the test server does not know: {why}")
        except Exception as why:  # the engine's own
            return self.refuse(400, f"Wrong input: {why}")
        if kind == "half":
            return self.refuse(500, "Service internal error: half of it")
        if kind == "lost":
            return self.close_hard()
        if url.path != "/":
            result = {"result": result, "status": "ok", "time": time.perf_counter() - start}
        data = json.dumps(result).encode()
        if kind == "reset":
            self.say(200, data, cut=True)
            return self.close_hard()
        if kind == "truncate":
            return self.say(200, data[:len(data) // 2])
        self.say(200, data)

    def refuse(self, status, text):
        if not text:
            return self.say(status, b"", None)
        self.say(status, json.dumps({"status": {"error": text}, "time": 0.0}).encode())

    do_GET = do_PUT = do_POST = do_DELETE = handle_any


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, ValueError, OSError)):
            super().handle_error(request, client_address)


def serve(port=0, key="", folder=None):
    server = Server(("127.0.0.1", port), Handler)
    server.engine = Engine(key, folder)
    return server


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default="")
    parser.add_argument("--dir")
    a = parser.parse_args()
    s = serve(a.port, a.key, a.dir)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # its folder goes with it
    print(s.server_address[1], flush=True)
    try:
        s.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        s.engine.close()
