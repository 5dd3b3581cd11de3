"""The lab of a running server: the calls of `neuronscope.Lab`, over REST."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import httpx

from neuronscope.client_bundles import PATIENT, Told, asked, fetch, send
from neuronscope.client_captures import ClientCaptures
from neuronscope.client_http import check, error_of, frames, token_in, unreachable, url_in
from neuronscope.errors import Cancelled, Conflict
from neuronscope.models.vectors import Vectors
from neuronscope.service.views import (
    Annotation,
    Health,
    HistoryPage,
    LoadedModel,
    SweepAccepted,
    Tokenized,
)
from neuronscope.settings import Settings
from neuronscope.spec.bundle import Manifest, Taken
from neuronscope.spec.captures import Capture, CaptureRecord
from neuronscope.spec.experiments import Run, Sweep
from neuronscope.spec.models import ModelEntry, ModelInfo
from neuronscope.spec.ops import Prompt
from neuronscope.spec.plans import RunPlan
from neuronscope.spec.results import Job, Record, Summary, SweepPlan
from neuronscope.spec.vectors import VectorInfo
from neuronscope.spec.verification import Verification
from neuronscope.store.history import Filter

TIMEOUT_S = 600.0
RETRIES = 5

Progress = Callable[[int, int | None], None]
"""Called with the finished and all cells of a job; None while the total is unknown."""


class Client:
    """Use as a context manager, or call `close`.

    url, token: of the server; without them, those that the server of `data` wrote down.
    data: a server's data folder; without it, the usual one.
    Raises: Conflict when no server is known, StorageError when its token cannot be read.
    """

    def __init__(self, url: str | None = None, token: str | None = None,
                 data: str | Path | None = None) -> None:
        settings = Settings.from_environment(data=Path(data) if data is not None else None)
        base = url or url_in(settings.data)
        known = token or settings.token or token_in(settings.data)
        self._http = httpx.Client(
            base_url=base, timeout=TIMEOUT_S,
            headers={"Authorization": f"Bearer {known}", "X-NeuronScope": "1"})
        self.captures = ClientCaptures(self._send)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Jobs go on."""
        self._http.close()

    def health(self) -> Health:
        """The state of the server."""
        return Health.model_validate_json(self._get("/api/health"))

    def models(self) -> list[ModelEntry]:
        """The models that can be loaded."""
        return [ModelEntry.model_validate(each) for each in json.loads(self._get("/api/models"))]

    def model(self) -> LoadedModel:
        """The loaded model, and the job that is loading one."""
        return LoadedModel.model_validate_json(self._get("/api/model"))

    def load(self, model_id: str, progress: Progress | None = None) -> ModelInfo:
        """Load a model and wait for it. Raises: ModelNotFound, ModelRefused, OutOfMemory."""
        self._wait(Job.model_validate_json(self._post(f"/api/models/{model_id}/load")), progress)
        info = self.model().info
        if info is None:
            raise Conflict("The model was unloaded again by someone else.")
        return info

    def check(self, progress: Progress | None = None) -> ModelInfo | None:
        """The loaded model, with the verdict on each stage of fast sweeps. Raises: NoModel."""
        self._wait(Job.model_validate_json(self._post("/api/model/check")), progress)
        return self.model().info

    def tokenize(self, prompt: Prompt) -> Tokenized:
        """The tokens of a prompt. Raises: NoModel, ModelLoading, OutOfRange."""
        return Tokenized.model_validate_json(self._post("/api/tokenize", {"prompt": prompt}))

    def run(self, spec: Run, *, rerun: bool = False) -> tuple[Record, bool]:
        """The record of a run, and whether it is new; waited for as long as it takes.

        Raises: InvalidInput, NoModel, …
        """
        answer = self._send("POST", "/api/experiments", json=_plain(spec),
                            params={"rerun": rerun}, timeout=PATIENT)
        return Record.model_validate_json(answer.content), answer.status_code == 201

    def plan(self, spec: Run | Sweep) -> RunPlan | SweepPlan:
        """What a run or a sweep would take; waits for no job. Raises: InvalidInput, NoModel, …"""
        path, kind = (("/api/experiments", RunPlan) if isinstance(spec, Run)
                      else ("/api/sweeps", SweepPlan))
        return kind.model_validate_json(self._post(path, _plain(spec), dry_run=True))

    def sweep(self, spec: Sweep, *, rerun: bool = False,
              progress: Progress | None = None) -> tuple[Record, bool]:
        """The record of a finished sweep, and whether it is new.

        Raises: InvalidInput, NoModel, RunFailed, Cancelled, …
        """
        accepted = SweepAccepted.model_validate_json(
            self._post("/api/sweeps", _plain(spec), rerun=rerun))
        if accepted.job is not None:
            self._wait(accepted.job, progress)
        return self.record(accepted.id), accepted.job is not None

    def resume(self, key: str, progress: Progress | None = None) -> Record:
        """Run what a stored sweep lacks, and wait for it. Raises: NotFound, Conflict, …"""
        accepted = SweepAccepted.model_validate_json(self._post(f"/api/sweeps/{key}/resume"))
        if accepted.job is not None:
            self._wait(accepted.job, progress)
        return self.record(accepted.id)

    def verify(self, key: str, progress: Progress | None = None) -> Verification:
        """A stored experiment, run again and compared. Raises: NotFound, NoModel, …"""
        started = self._send("POST", f"/api/experiments/{key}/verify",
                             headers={"Prefer": "respond-async"})
        ended = self._wait(Job.model_validate_json(started.content), progress)
        assert ended.verification is not None
        return ended.verification

    def add_vector(self, values: Any, name: str = "", *, tensor: str | None = None) -> str:
        """Keep an array, or that of a file here, and tell its SHA-256.

        Raises: InvalidInput, NonFiniteNumber; BodyTooLarge for what only
        `neuronscope vectors add` beside the server can take.
        """
        here = Vectors()
        sha = here.add(values, name, tensor=tensor).sha256
        return VectorInfo.model_validate_json(
            self._post("/api/vectors", here.sent(sha))).sha256

    def vectors(self) -> list[VectorInfo]:
        """The vectors that are stored."""
        return [VectorInfo.model_validate(each) for each in json.loads(self._get("/api/vectors"))]

    def capture(self, spec: Capture, *, rerun: bool = False) -> tuple[CaptureRecord, bool]:
        """The record of a capture, and whether it is new; `captures.open` gives its arrays.

        Raises: InvalidInput, NoModel, …
        """
        answer = self._send("POST", "/api/captures", json=_plain(spec), params={"rerun": rerun},
                            timeout=PATIENT)
        return CaptureRecord.model_validate_json(answer.content), answer.status_code == 201

    def record(self, key: str) -> Record:
        """A stored experiment by id or spec hash. Raises: NotFound, Gone."""
        return Record.model_validate_json(self._get(f"/api/experiments/{key}"))

    def history(self, *, q: str = "", cursor: str | None = None, limit: int = 50,
                **chosen: Any) -> HistoryPage:
        """Newest first; `q` searches prompts, titles, names and notes.

        chosen: `kind`, `model`, `site`, `op`, `tag`, `starred`, `since`, `until` (ISO 8601, UTC).
        Raises: InvalidField.
        """
        given = {"q": q, "limit": limit, "cursor": cursor, **chosen}
        return HistoryPage.model_validate_json(self._get("/api/experiments", **{
            name: value for name, value in given.items() if value is not None}))

    def export(self, path: str | Path, experiments: Iterable[str] = (),
               captures: Iterable[str] = (), chosen: Filter | None = None, *,
               told: Told | None = None) -> Manifest:
        """Write these, and all that a filter chooses (`Filter()`: everything), into one file
        here, for another machine. It appears whole, or not at all.

        told: called with the bytes so far; what it raises ends the export.
        Raises: InvalidInput where nothing is named; NotFound, Gone, Conflict, …, StorageError.
        """
        return fetch(self._http, Path(path), asked(experiments, captures, chosen), told)

    def take_in(self, path: str | Path) -> Taken:
        """Have the server store what a bundle holds. Raises: BadBundle, Conflict, BodyTooLarge, …
        """
        return send(self._http, Path(path))

    def annotate(self, key: str, annotation: Annotation) -> Summary:
        """Change what people wrote beside a result. Raises: NotFound, Gone."""
        answer = self._send("PATCH", f"/api/experiments/{key}",
                            json=annotation.model_dump(mode="json", exclude_none=True))
        return Summary.model_validate_json(answer.content)

    def delete(self, key: str) -> None:
        """Remove an experiment. Raises: NotFound, Gone."""
        self._send("DELETE", f"/api/experiments/{key}")

    def _wait(self, job: Job, progress: Progress | None) -> Job:
        """Follow a job's events to its end. Raises: what ended the job."""
        ended = None
        for kind, data in self._events(job.id):
            if kind == "progress" and progress is not None:
                progress(data["done"], data["total"])
            if kind == "end":
                ended = Job.model_validate(data["job"])
        if ended is None or ended.state == "cancelled":
            raise Cancelled("The job was cancelled.", hint="Its finished cells are kept.")
        if ended.error is not None:
            raise error_of(ended.error)
        return ended

    def _events(self, job_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The job's events; a broken connection is resumed where it broke."""
        seen, broken = "0", 0
        while True:
            try:
                with self._http.stream("GET", f"/api/jobs/{job_id}/events",
                                       headers={"Last-Event-ID": seen}) as response:
                    check(response)
                    for number, kind, data in frames(response.iter_lines()):
                        yield kind, data
                        seen, broken = number, 0
                        if kind == "end":
                            return
            except httpx.TransportError as error:
                broken += 1
                if broken > RETRIES:
                    raise unreachable(error) from None
                time.sleep(0.2 * broken)

    def _get(self, path: str, **parameters: Any) -> bytes:
        return self._send("GET", path, params=parameters).content

    def _post(self, path: str, body: Any = None, **parameters: Any) -> bytes:
        return self._send("POST", path, json=body, params=parameters).content

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        if given.get("json") is None:
            given.pop("json", None)
        try:
            response = self._http.request(method, path, **given)
        except httpx.TransportError as error:
            raise unreachable(error) from None
        check(response)
        return response


def _plain(spec: Run | Sweep | Capture) -> Any:
    return spec.model_dump(mode="json")
