"""The engine: one loaded model on one machine, painting one run after another."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor

from underpaint.engine.asking import Asker
from underpaint.engine.checks import check_run
from underpaint.engine.codec import Codec, Picture, place
from underpaint.engine.components import Components
from underpaint.engine.edits.mask import MaskEdit, latent_mask
from underpaint.engine.families.adapter import Conditioning, Frame, ReadsSoMuch, make_adapter
from underpaint.engine.families.clip_words import TextOptions
from underpaint.engine.families.cpu_attention import suit_attention
from underpaint.engine.families.int8 import suit_int8
from underpaint.engine.families.schedulers import Sampler, SamplerSettings, make_sampler
from underpaint.engine.guidance import make_guidance
from underpaint.engine.inpainting import InpaintChannels
from underpaint.engine.latent_colours import LatentColours
from underpaint.engine.loop import Answers, Ask, denoise
from underpaint.engine.machine import choose_machine
from underpaint.engine.noise import NoiseSource, make_source, spherical_mix
from underpaint.engine.observers.preview import ToRgb, tiny_decoder_map
from underpaint.engine.protocols import Attachment, KnowsWords, Step, Supplies
from underpaint.engine.regions import RegionalAsk
from underpaint.engine.run import EMPHASES, Run
from underpaint.engine.shortage import Fallbacks
from underpaint.engine.tiles import TiledAsk
from underpaint.engine.words import WordsOverTime, over_time
from underpaint.prompt import Emphasis, Weighted, parse_prompt
from underpaint.recipe.samplers import resolve_sampler, resolve_schedule


class Engine:
    """Paints with one loaded model.

    `device` and `dtype` are chosen by asking the machine unless given; the model's modules are moved there.
    `fallbacks` are what was given up for lack of memory so far, in plain words, for the take.
    """

    def __init__(self, components: Components, device: str | torch.device | None = None,
                 dtype: torch.dtype | None = None, say: Callable[[str], None] | None = None) -> None:
        self.components = components
        parameters = sum(weights.numel() for weights in components.denoiser.parameters())
        self.machine = choose_machine(parameters, device, dtype)
        self._fallbacks = Fallbacks(components, self.machine.device, self.machine.dtype, say)
        self._adapter = make_adapter(components)
        self._codec = Codec(components, self.machine.device, self._fallbacks)
        denoiser: Any = components.denoiser.eval().requires_grad_(False)
        place(denoiser, self.machine.device, self.machine.dtype, channels_last=self.machine.channels_last)
        suit_attention(denoiser, self.machine)
        suit_int8(denoiser, self.machine)
        for encoder in components.text_encoders:
            if encoder is not None:
                place(encoder.eval().requires_grad_(False), self.machine.device)

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """What was given up for lack of memory, in plain words; empty when nothing was."""
        return tuple(self._fallbacks.record)

    def unread(self, text: str, dialect: str = "a1111") -> str:
        """The end of a prompt that the model's text encoder does not read; "" where it reads all."""
        if not isinstance(self._adapter, ReadsSoMuch):
            return ""
        parsed = parse_prompt(text, steps=1, dialect="comfyui" if dialect == "comfyui" else "a1111")
        ends = (self._adapter.unread(words) for part in parsed.parts for _, words in part.schedule)
        return next(filter(None, ends), "")

    def decode(self, latents: Tensor) -> Picture:
        """The picture of latents: float32 H x W x 3, 0..1."""
        return self._codec.decode(latents)

    def encode(self, picture: Picture, seed: int | None = None) -> Tensor:
        """Latents of a picture (sides multiples of the size step); with a seed drawn as pipelines draw them."""
        return self._codec.encode(picture, None if seed is None else make_source("cpu", seed))

    def to_rgb(self) -> ToRgb:
        """From latents to small colours (N x 3 x H x W, about 0..1), for previews and for steering by gradients:
        through the model's tiny decoder if it has one, else by the linear map fitted to its autoencoder."""
        return tiny_decoder_map(self.components) or self.colours.to_rgb

    @cached_property
    def colours(self) -> LatentColours:
        """The linear maps between latents and colours, fitted to the model's autoencoder when first asked for."""
        return LatentColours.fit(self.encode)

    def run(self, run: Run) -> Tensor:
        """Paint: the latents of the picture, 1 x C x h x w, fp32.

        Raises RecipeError and PlanError for what cannot be painted, Cancelled when an observer asks for it,
        MemoryShortage when memory runs out after every fallback. Attachments are off the model again afterwards.
        """
        check_run(run, self.components)
        with attached(run.attachments, self.components):
            return self._painted(run)

    def _painted(self, run: Run) -> Tensor:
        source = make_source(run.noise.source, run.seed)
        later = make_source(run.noise.source, run.seed + run.noise.offset) if run.noise.offset else source
        device, shape = self.machine.device, self._shape(run)
        sampler = make_sampler(self.components, _settings(run), later, shape, device)
        words, regions = self._words(run)
        latents, known = self._start(run, sampler, source)
        supplies: list[Supplies] = [one for one in run.attachments if isinstance(one, Supplies)]
        edits = [*run.edits]
        if self.components.sees_mask:
            supplies.insert(0, self._inpaint_channels(run, source))
        elif run.mask is not None and run.picture is not None:
            known = known if known is not None else self._codec.encode(run.picture, source)
            edits.append(MaskEdit(known, latent_mask(run.mask, shape[-2:], device)))
        guidance = run.guide or make_guidance(run.guidance.method, float(run.guidance.scale or 1.0),
                                              run.guidance.rescale, run.guidance.start, run.guidance.end)
        ask = self._ask(run, Asker(self._adapter, words, sampler.timestep, supplies, self._fallbacks))
        own = [(region, self._hung(region.attachments, self._ask(run, Asker(
            self._adapter, told, sampler.timestep, supplies, self._fallbacks, region=region.key))))
            for region, told in zip(run.regions, regions, strict=True)]
        ask = RegionalAsk(ask, own) if own else ask
        return denoise(ask, sampler, latents, guidance, edits, run.observers)

    def _hung(self, attachments: Sequence[Attachment], ask: Ask) -> Ask:
        """The same, with attachments that hang on the model only while it is asked."""
        def asked(scaled: Tensor, step: Step, negative: bool) -> Answers:
            with attached(attachments, self.components):
                return ask(scaled, step, negative)

        return asked if attachments else ask

    def _inpaint_channels(self, run: Run, source: NoiseSource) -> InpaintChannels:
        if run.mask is None or run.picture is None:
            return InpaintChannels.everywhere(self._codec, self._shape(run), self.components.latent_scale)
        return InpaintChannels.of(run.picture, run.mask, self._codec, source, self._shape(run))

    def _shape(self, run: Run) -> tuple[int, int, int, int]:
        scale = self.components.latent_scale
        return (1, self.components.latent_channels, run.height // scale, run.width // scale)

    def _ask(self, run: Run, asker: Asker) -> Ask:
        if run.tiles is None:
            return asker
        scale = self.components.latent_scale
        size, overlap = run.tiles.size // scale, run.tiles.overlap // scale
        if run.width <= run.tiles.size and run.height <= run.tiles.size:
            return asker
        return TiledAsk(asker, size, overlap)

    def _start(self, run: Run, sampler: Sampler, source: NoiseSource) -> tuple[Tensor, Tensor | None]:
        """The latents that the loop starts from, and those of the picture that is painted over, if there is one.

        The order of drawing is that of diffusers' pipelines: first the autoencoder's, then the noise.
        """
        device, shape = self.machine.device, self._shape(run)
        known = run.start.to(device, torch.float32) if run.start is not None else None
        from_noise = known is None and (run.picture is None or (run.mask is not None and run.strength >= 1))
        if known is None and run.picture is not None and not from_noise:
            known = self._codec.encode(run.picture, source)
            # diffusers' inpainting repeats these latents, which lays their memory out anew; it decides bits.
            known = known.contiguous() if run.mask is not None else known
        noise = source.draw(shape, device)
        if run.noise.variation_seed is not None and run.noise.variation_strength > 0:
            other = make_source(run.noise.source, run.noise.variation_seed).draw(shape, device)
            noise = spherical_mix(noise, other, run.noise.variation_strength)
        if from_noise or known is None:
            return (noise if sampler.start_sigma is None else noise * sampler.start_sigma), known
        return sampler.noised(known, noise), known

    @torch.no_grad()
    def _words(self, run: Run) -> tuple[WordsOverTime, tuple[WordsOverTime, ...]]:
        """The words for the whole picture, and those of each region (of which the first part counts)."""
        vectors = _vectors(run.attachments)
        chosen = Emphasis.FROM_EMPTY if run.dialect == "comfyui" else EMPHASES[run.emphasis]
        options = TextOptions(chosen, run.clip_skip or 0, vectors)
        conditioning = run.size_conditioning
        frame = Frame(run.height, run.width, _turned(conditioning.original), _turned(conditioning.target),
                      (conditioning.crop_top, conditioning.crop_left), run.embedded_guidance)

        def read(text: str, *, negative: bool) -> Iterator[tuple[float, Sequence[tuple[int, Weighted]]]]:
            parsed = parse_prompt(text, steps=int(run.sampling.steps or 1),
                                  dialect="comfyui" if run.dialect == "comfyui" else "a1111",
                                  first_pass_steps=run.first_pass_steps, negative=negative, emphasis=chosen)
            if len(parsed.parts) == 1:
                yield 1.0, parsed.schedule
            else:
                yield from ((part.weight, part.schedule) for part in parsed.parts)

        def encode(words: Weighted, *, negative: bool, told: TextOptions = options) -> Conditioning:
            return self._placed(self._adapter.encode(words, told, frame, negative=negative))

        positives = tuple(over_time(tuple(schedule), weight, lambda words: encode(words, negative=False))
                          for weight, schedule in read(run.prompt, negative=False))
        (_, schedule), = read(run.negative_prompt, negative=True)
        negative = over_time(tuple(schedule), 1.0, lambda words: encode(words, negative=True))
        regions = []
        for region in run.regions:
            _, schedule = next(read(region.words, negative=False))
            with attached(region.attachments, self.components):
                told = replace(options, vectors={**vectors, **_vectors(region.attachments)})
                part = over_time(tuple(schedule), 1.0, partial(encode, negative=False, told=told))
            regions.append(WordsOverTime((part,), negative))
        return WordsOverTime(positives, negative), tuple(regions)

    def _placed(self, conditioning: Conditioning) -> Mapping[str, Tensor]:
        return {name: value.to(self.machine.device) for name, value in conditioning.items()}


@contextmanager
def attached(attachments: Sequence[Attachment], components: Components) -> Iterator[None]:
    """Within, the attachments hang on the model; afterwards, whatever happened, they are off it, last one first."""
    with ExitStack() as stack:
        for attachment in attachments:
            attachment.attach(components)
            stack.callback(attachment.detach)
        yield


def _vectors(attachments: Sequence[Attachment]) -> dict[str, tuple[Tensor | None, ...]]:
    """The textual inversions that attachments bring."""
    return {name: found for one in attachments if isinstance(one, KnowsWords) for name, found in
            one.embeddings().items()}


def _settings(run: Run) -> SamplerSettings:
    sampler, carried = resolve_sampler(str(run.sampling.sampler))
    schedule = resolve_schedule(run.sampling.schedule or (carried.id if carried else "automatic"))
    sampling = run.sampling
    return SamplerSettings(sampler, schedule, int(sampling.steps or 0), run.strength, sampling.eta, sampling.s_churn,
                           sampling.s_tmin, sampling.s_tmax, sampling.s_noise)


def _turned(size: tuple[int, int] | None) -> tuple[int, int] | None:
    """Width x height, as recipes say it, to height x width, as SDXL is told it."""
    return None if size is None else (size[1], size[0])
