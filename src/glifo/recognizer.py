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
from glifo.evaluation.conformal import in_set
from glifo.evaluation.selective import threshold_for
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
    """What one picture says: its path (None for an array), the best class, its probability, and the best guesses.

    text: the best class, or "?" where a largest error was wished and the recogniser is less sure than that takes; set_: the
    conformal set, most probable first, None where none was asked for.
    """

    path: str | None
    text: str
    confidence: float
    guesses: tuple[Guess, ...]
    set_: tuple[str, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: path, text, confidence, guesses with char and probability, and the set if there is one."""
        guesses = [{"char": guess.character, "probability": guess.probability} for guess in self.guesses]
        plain = {"path": self.path, "text": self.text, "confidence": self.confidence, "guesses": guesses}
        return plain if self.set_ is None else plain | {"set": list(self.set_)}


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """How a reading says that it is not sure.

    max_error: largest share of wrong answers, 0..1: less sure characters read "?"; coverage: 0.95 or 0.99, the share of
    characters whose set must hold the truth. None: every character is answered, no sets.
    """

    max_error: float | None = None
    coverage: float | None = None


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

    def read(self, pictures: Sequence[Picture], top: int = 5, doubt: Doubt | None = None) -> list[Reading]:
        """One `Reading` for each picture of one character; raises ValueError naming the first that cannot be read."""
        if not pictures:
            raise ValueError("no picture was given; give at least one path, bytes or array")
        glyphs = np.stack([self.glyph(picture) for picture in pictures])
        return self.readings(pictures, self.probabilities(glyphs), top, doubt)

    def readings(
        self,
        pictures: Sequence[Picture],
        probabilities: Float[np.ndarray, "n classes"],
        top: int = 5,
        doubt: Doubt | None = None,
    ) -> list[Reading]:
        """Readings of pictures whose probabilities are known; ValueError where the bundle cannot promise what is asked."""
        doubt = doubt or Doubt()
        sure_from = 0.0 if doubt.max_error is None else self.sure_from(doubt.max_error)
        sets = [None] * len(probabilities) if doubt.coverage is None else self.sets(probabilities, doubt.coverage)
        return [
            self.reading(picture, row, top, sure_from, chosen)
            for picture, row, chosen in zip(pictures, probabilities, sets, strict=True)
        ]

    def reading(
        self,
        picture: Picture,
        probabilities: Float[np.ndarray, " classes"],
        top: int,
        sure_from: float,
        chosen: tuple[str, ...] | None,
    ) -> Reading:
        guesses = self.best(probabilities, top)
        best = guesses[0]
        return Reading(
            path=str(picture) if isinstance(picture, str | Path) else None,
            text=best.character if best.probability >= sure_from else "?",
            confidence=best.probability,
            guesses=tuple(guesses),
            set_=chosen,
        )

    def sure_from(self, max_error: float) -> float:
        """The probability from which on answers are wrong at most that often, as far as the validation rows can tell."""
        if not 0 < max_error < 1:
            raise ValueError(f"a largest error of {max_error} was given; give a share between 0 and 1, 0.01 for 1 %")
        dial = {float(wish): float(at) for wish, at in self.promise("risk_dial").items()}
        return threshold_for(dial, max_error)

    def sets(self, probabilities: Float[np.ndarray, "n classes"], coverage: float) -> list[tuple[str, ...]]:
        """The conformal set of each row, most probable class first; it may be empty (`glifo.evaluation.conformal`)."""
        known = {float(each): thresholds for each, thresholds in self.promise("sets").items()}
        if coverage not in known:
            raise ValueError(f"sets for a coverage of {coverage} were asked for; this model has {sorted(known)}")
        chosen = in_set(probabilities, np.array(known[coverage]))
        order = np.argsort(-probabilities, axis=1, kind="stable")
        return [
            tuple(self.classes[number] for number in numbers if row[number])
            for row, numbers in zip(chosen, order, strict=True)
        ]

    def promise(self, name: str) -> dict[str, Any]:
        """The bundle's "sets" or "risk_dial"; ValueError for a bundle made before glifo fitted them."""
        if name not in self.bundle.conformal:
            raise ValueError(
                "this model was made without thresholds for doubt; train it again with this glifo, or read without "
                "a largest error and without sets"
            )
        return dict(self.bundle.conformal[name])


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
    when None; max_error: largest share of wrong answers, 0..1: where the model is less sure, the text is "?". Returns a
    `Reading` for one picture, a list of them for a sequence. Raises ValueError with one line that says which picture
    cannot be read and why.

    >>> glifo.read("a.png", as_="glyph").text
    'a'
    """
    if as_ not in ("page", "glyph", "form"):
        raise ValueError(f'as_={as_!r} was given; give "page", "glyph" or "form"')
    if as_ != "glyph" or prefer is not None:
        raise ValueError(
            'this version of glifo reads single characters: give as_="glyph" without prefer; pages and forms come with '
            "the scanner"
        )
    recognizer, doubt = load(model or "latin62"), Doubt(max_error=max_error)
    if isinstance(pictures, str | Path | bytes | np.ndarray):
        return recognizer.read([pictures], doubt=doubt)[0]
    return recognizer.read(list(pictures), doubt=doubt)
