"""Reading one picture, one character: a bundle and ONNX Runtime, no torch.

recognizer = load("latin62")                 # or a *.glifo file, or a run folder
recognizer.guess("letter.jpg")[0]            # Guess(character='a', probability=0.97)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from jaxtyping import Float, UInt8

from glifo.bundle import BUNDLE_NAME, Bundle
from glifo.files import nearest
from glifo.images import canonical_glyph
from glifo.pictures import load_picture

SHIPPED = Path(__file__).parent / "models"
BATCH = 512
Picture = str | Path | bytes | np.ndarray


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A class and its calibrated probability, 0..1."""

    character: str
    probability: float


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What one picture says: its path (None for an array), the best class, its probability, and the best guesses."""

    path: str | None
    text: str
    confidence: float
    guesses: tuple[Guess, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: path, text, confidence, guesses with char and probability."""
        guesses = [{"char": guess.character, "probability": guess.probability} for guess in self.guesses]
        return {"path": self.path, "text": self.text, "confidence": self.confidence, "guesses": guesses}


class Recognizer:
    """A bundle ready to read."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    @property
    def classes(self) -> tuple[str, ...]:
        """The characters it can answer, in the order of the probabilities."""
        return self.bundle.classes

    @cached_property
    def session(self) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(self.bundle.onnx, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises classes of its own for a graph that is none
            reason = str(error).splitlines()[0]
            raise ValueError(
                f"the bundle's network.onnx cannot be run ({reason}); get or make the bundle again"
            ) from None
        if session.get_outputs()[0].shape[-1] != len(self.classes):
            raise ValueError(
                f"the bundle's network gives {session.get_outputs()[0].shape[-1]} numbers for {len(self.classes)} classes; "
                f"get or make the bundle again"
            )
        return session

    def logits(self, glyphs: UInt8[np.ndarray, "n ..."]) -> Float[np.ndarray, "n classes"]:
        """The network's raw answers for canonical glyphs, float32, before temperature and softmax."""
        self.check_shape(glyphs)
        preparation, name = self.bundle.preparation, self.session.get_inputs()[0].name
        starts = range(0, len(glyphs), BATCH)
        inputs = (preparation.normalise(preparation.as_batch(glyphs[start : start + BATCH])) for start in starts)
        return np.concatenate([self.session.run(None, {name: image})[0] for image in inputs])

    def check_shape(self, glyphs: UInt8[np.ndarray, "n ..."]) -> None:
        frame = self.bundle.preparation.frame
        expected = (frame.height, frame.width, *([3] if frame.channels == 3 else []))
        if glyphs.dtype != np.uint8 or glyphs.shape[1:] != expected or len(glyphs) == 0:
            raise ValueError(
                f"glyphs of shape {glyphs.shape} and type {glyphs.dtype} were given; expected uint8 of shape "
                f"(n, {', '.join(map(str, expected))}) with n >= 1, ink bright on black: prepare pictures with guess or read"
            )

    def probabilities(self, glyphs: UInt8[np.ndarray, "n ..."]) -> Float[np.ndarray, "n classes"]:
        """Calibrated probabilities of canonical glyphs.

        glyphs: uint8 "n height width" in the bundle's frame (28x28 for the shipped model), ink bright on black.
        Returns float32 "n classes", rows summing to 1 (temperature scaling, Guo et al. 2017). Raises ValueError when the
        shape or the type is another.
        """
        scaled = self.logits(glyphs) / self.bundle.temperature
        exponentials = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def glyph(self, picture: Picture) -> UInt8[np.ndarray, "height width"] | UInt8[np.ndarray, "height width 3"]:
        """The canonical glyph that the network sees of a picture (a path, bytes or an array of any size)."""
        try:
            return canonical_glyph(load_picture(picture), self.bundle.preparation.frame)
        except ValueError as error:
            name = str(picture) if isinstance(picture, str | Path) else ""
            raise ValueError(str(error) if name in str(error) else f"{name}: {error}") from None

    def guess(self, picture: Picture, top: int = 5) -> list[Guess]:
        """The `top` best classes of one picture, most probable first; raises ValueError when it cannot be read."""
        return self.best(self.probabilities(self.glyph(picture)[None])[0], top)

    def best(self, probabilities: Float[np.ndarray, " classes"], top: int) -> list[Guess]:
        """The `top` classes of one row of probabilities, most probable first."""
        order = np.argsort(-probabilities, kind="stable")[:top]
        return [Guess(character=self.classes[row], probability=float(probabilities[row])) for row in order]

    def read(self, pictures: Sequence[Picture], top: int = 5) -> list[Reading]:
        """One `Reading` for each picture of one character; raises ValueError naming the first that cannot be read."""
        if not pictures:
            raise ValueError("no picture was given; give at least one path, bytes or array")
        glyphs = np.stack([self.glyph(picture) for picture in pictures])
        return [
            self.reading(picture, row, top) for picture, row in zip(pictures, self.probabilities(glyphs), strict=True)
        ]

    def reading(self, picture: Picture, probabilities: Float[np.ndarray, " classes"], top: int) -> Reading:
        guesses = self.best(probabilities, top)
        path = str(picture) if isinstance(picture, str | Path) else None
        return Reading(path=path, text=guesses[0].character, confidence=guesses[0].probability, guesses=tuple(guesses))


def load(path_or_name: str | Path) -> Recognizer:
    """The recogniser of a bundle file, of a run folder, or a shipped one by name ("latin62").

    Raises ValueError when there is none, or when the file is damaged or of a newer format.
    """
    path = Path(path_or_name)
    if path.is_dir():
        path = path / BUNDLE_NAME
    shipped = {model.stem: model for model in SHIPPED.glob("*.glifo")}
    if not path.exists() and path.suffix == "" and len(path.parts) == 1:
        if path.name not in shipped:
            advice = nearest(path.name, shipped) if shipped else "none is shipped yet"
            raise ValueError(f"no model is called {path.name!r} and no file is there; shipped models: {advice}")
        path = shipped[path.name]
    return Recognizer(Bundle.load(path))


def read(
    pictures: Picture | Sequence[Picture],
    as_: str = "page",
    model: str | Path | None = None,
    prefer: str | None = None,
    max_error: float | None = None,
) -> list[Reading] | Reading:
    """Read pictures. This version reads single characters: as_="glyph".

    pictures: one path, bytes or array, or a sequence of them; model: a bundle, a run folder or a shipped name, "latin62"
    when None. Returns a `Reading` for one picture, a list of them for a sequence. Raises ValueError with one line that
    says which picture cannot be read and why.

    >>> glifo.read("a.png", as_="glyph").text
    'a'
    """
    if as_ not in ("page", "glyph", "form"):
        raise ValueError(f'as_={as_!r} was given; give "page", "glyph" or "form"')
    if as_ != "glyph" or prefer is not None or max_error is not None:
        raise ValueError(
            'this version of glifo reads single characters: give as_="glyph" without prefer and max_error; '
            "pages and forms come with the scanner"
        )
    recognizer = load(model or "latin62")
    if isinstance(pictures, str | Path | bytes | np.ndarray):
        return recognizer.read([pictures])[0]
    return recognizer.read(list(pictures))
