"""A service that predicts uploaded sound files. Start it by ``uvicorn app:app``."""

import asyncio
import os
import tempfile

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

import featkit

MODEL = featkit.load_model(os.environ.get("MODEL", "model.fk"))
MAX_BYTES = int(os.environ.get("MAX_BYTES", "20000000"))  # of an uploaded file
MAX_SECONDS = float(os.environ.get("MAX_SECONDS", "600"))  # of its sound; the rest is not read
UPLOAD_SECONDS = float(os.environ.get("UPLOAD_SECONDS", "60"))  # for an upload to arrive
app = FastAPI(title="featkit")


def predict_file(path: str) -> dict[str, float]:
    y, sr = featkit.load(path, duration=MAX_SECONDS)
    return dict(zip(MODEL.classes, MODEL.predict_arrays(y, sr).tolist(), strict=True))


@app.get("/health")
async def health() -> dict[str, object]:
    return {"model": MODEL.name, "classes": MODEL.classes}


@app.post("/predict")
async def predict(request: Request) -> dict[str, float]:
    with tempfile.NamedTemporaryFile() as file:
        try:
            async with asyncio.timeout(UPLOAD_SECONDS):
                async for chunk in request.stream():
                    if file.tell() + len(chunk) > MAX_BYTES:
                        raise HTTPException(413, f"larger than {MAX_BYTES} bytes")
                    file.write(chunk)
        except TimeoutError:
            raise HTTPException(408, f"not here after {UPLOAD_SECONDS:g} s") from None
        file.flush()
        try:
            return await run_in_threadpool(predict_file, file.name)
        except featkit.AudioError as error:
            raise HTTPException(422, f"{error.stage}: {error.cause}") from None
