"""Turns of LiveKit Agents' own session for Python, without a room, on the same terms as bench_turns.c:

    turns_agent.py [SESSIONS [SECONDS]]

40 tokens a second, the eighth ends a sentence, the voice's first sound 50 ms after it has text. Prints JSON:
request_ms  the turn is decided -> LLM.chat() is called
first_text_ms  the token that ends the first sentence -> the voice has that sentence
late_ms  the turn is decided -> the first sound, less the tokens of that sentence (and one) and the voice's 50 ms
"""
import asyncio
import json
import logging
import sys
import time

from livekit import rtc
from livekit.agents import Agent, AgentSession, llm, tts, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.voice import io

TOKEN, VOICE, TOKENS, SENTENCE = 0.025, 0.05, 60, 8
RATE = 24000
request, first_text, late = [], [], []


class Call:
    def __init__(self):
        self.decided = self.token = 0.0
        self.texts = self.sounds = 0


class Paced(llm.LLM):
    def __init__(self, call):
        super().__init__()
        self.call = call

    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_):
        request.append(time.perf_counter() - self.call.decided)
        return Answer(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class Answer(llm.LLMStream):
    async def _run(self):
        began, call = time.perf_counter(), self._llm.call
        for i in range(1, TOKENS):
            await asyncio.sleep(max(0.0, began + i * TOKEN - time.perf_counter()))
            if i == SENTENCE + 1:  # only what follows shows that a sentence has ended
                call.token = time.perf_counter()
            self._event_ch.send_nowait(llm.ChatChunk(id="a", delta=llm.ChoiceDelta(
                role="assistant", content="eight. " if i % SENTENCE == 0 else "Seven " if i % SENTENCE == 1 else "seven ")))


class Voice(tts.TTS):
    def __init__(self, call):
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE, num_channels=1)
        self.call = call

    def synthesize(self, text, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return Said(tts=self, input_text=text, conn_options=conn_options)


class Said(tts.ChunkedStream):
    async def _run(self, emitter):
        call = self._tts.call
        call.texts += 1
        if call.texts == 1:
            first_text.append(time.perf_counter() - call.token)
        emitter.initialize(request_id=utils.shortuuid(), sample_rate=RATE, num_channels=1, mime_type="audio/pcm")
        await asyncio.sleep(VOICE)
        emitter.push(b"\1\0" * (RATE // 5))
        emitter.flush()


class Ear(io.AudioOutput):
    """Hears everything at once, as the benchmark's door does."""

    def __init__(self, call):
        super().__init__(label="ear", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=RATE)
        self.call, self.seconds = call, 0.0

    async def capture_frame(self, frame: rtc.AudioFrame):
        await super().capture_frame(frame)
        self.call.sounds += 1
        self.seconds += frame.duration
        if self.call.sounds == 1:
            late.append(time.perf_counter() - self.call.decided - (SENTENCE + 1) * TOKEN - VOICE)

    def flush(self):
        super().flush()
        if self.seconds:
            self.on_playback_finished(playback_position=self.seconds, interrupted=False)
        self.seconds = 0.0

    def clear_buffer(self):
        pass


async def one(n, until):
    call = Call()
    session = AgentSession(llm=Paced(call), tts=Voice(call))
    session.output.audio = Ear(call)
    await session.start(Agent(instructions="You are a bench."))
    await asyncio.sleep(n % 20 / 10)
    while time.perf_counter() < until:
        call.texts = call.sounds = 0
        call.decided = time.perf_counter()
        await session.generate_reply(user_input="hello").wait_for_playout()
    await session.aclose()


def at(values, q):
    values = sorted(values)
    return round(1000 * values[min(len(values) - 1, int(q * len(values)))], 3) if values else None


async def main(sessions, seconds):
    logging.disable(logging.CRITICAL)
    cpu = time.process_time()
    began = time.perf_counter()
    await asyncio.gather(*(one(i, began + seconds) for i in range(sessions)))
    used = (time.process_time() - cpu) / (time.perf_counter() - began)
    print(json.dumps({"sessions": sessions, "turns": len(late), "cores": round(used, 3), **{
        name: {"p50": at(v, 0.5), "p99": at(v, 0.99)}
        for name, v in (("request_ms", request), ("first_text_ms", first_text), ("late_ms", late))}}))


asyncio.run(main(*(int(a) for a in (sys.argv[1:] + ["20", "10"][len(sys.argv) - 1:]))))
