"""The look-up of lookup.py as a FastAPI server: one document by its id, out of SQLite, as JSON."""
import os
import sqlite3
import threading

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()
local = threading.local()


class Document(BaseModel):
    id: str
    title: str
    content: str
    content_type: str
    source: str
    tags: list[str]
    created_at: str
    updated_at: str


def connection():
    if not hasattr(local, "db"):
        local.db = sqlite3.connect(f"file:{os.environ['PEER_DB']}?mode=ro", uri=True, check_same_thread=False)
    return local.db


@app.get("/api/v1/knowledge/documents/{id}", response_model=Document)
def document(id: str):
    row = connection().execute("SELECT title, content, content_type, source, created_at, updated_at FROM documents WHERE id = ?",
                               (id,)).fetchone()
    if row is None:
        raise HTTPException(404, "there is no such document")
    tags = [t for (t,) in connection().execute("SELECT tag FROM tags WHERE document = ? ORDER BY tag", (id,))]
    return Document(id=id, title=row[0], content=row[1], content_type=row[2], source=row[3], tags=tags, created_at=row[4],
                    updated_at=row[5])
