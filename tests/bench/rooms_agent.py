"""The same agent as in bench_rooms.py, by LiveKit Agents: providers that answer at once, Silero, 0.5 s of
endpointing. Runs in the environment of that package:

    rooms_agent.py start          (LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET)
"""
import array

from livekit import agents
from livekit.agents import llm, stt, tts
from livekit.plugins import silero

RATE = 24000
TONE = array.array("h", [2067 if i * 800 // RATE % 2 else -2067 for i in range(2 * RATE)]).tobytes()  # 2 s, -24 dBFS
ANSWER = "It is time for a short and friendly answer that everybody understands."


class Recogniser(stt.STT):
    def __init__(self):
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))

    async def _recognize_impl(self, buffer, *, language, conn_options):
        return stt.SpeechEvent(type=stt.SpeechEventType.FINAL_TRANSCRIPT,
                               alternatives=[stt.SpeechData(language="en", text="What time is it?")])


class AnswerStream(llm.LLMStream):
    async def _run(self):
        for word in ANSWER.split():
            self._event_ch.send_nowait(llm.ChatChunk(id="1", delta=llm.ChoiceDelta(role="assistant", content=word + " ")))


class Model(llm.LLM):
    def chat(self, *, chat_ctx, tools=None, conn_options=agents.APIConnectOptions(), **more):
        return AnswerStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class Speech(tts.ChunkedStream):
    async def _run(self, out):
        out.initialize(request_id="1", sample_rate=RATE, num_channels=1, mime_type="audio/pcm")
        out.push(TONE)
        out.flush()


class Voice(tts.TTS):
    def __init__(self):
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE, num_channels=1)

    def synthesize(self, text, *, conn_options=agents.APIConnectOptions()):
        return Speech(tts=self, input_text=text, conn_options=conn_options)


def prepare(process):
    process.userdata["vad"] = silero.VAD.load()


server = agents.AgentServer(setup_fnc=prepare, load_threshold=100.0, load_fnc=lambda: 0.0, port=0, host="127.0.0.1",
                            initialize_process_timeout=60)


@server.rtc_session(agent_name="peer")
async def entry(ctx):
    session = agents.AgentSession(stt=Recogniser(), llm=Model(), tts=Voice(), vad=ctx.proc.userdata["vad"],
                                  turn_handling={"turn_detection": "vad", "endpointing": {"min_delay": 0.5}})
    await session.start(agent=agents.Agent(instructions="Answer."), room=ctx.room)


if __name__ == "__main__":
    agents.cli.run_app(server)
