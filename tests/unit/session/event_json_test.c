/* event_json_test.c - every event and metric under the name and with exactly the fields of
 * agent-session 1.3, 4.7 and 9: whoever reads LiveKit's reads ours. */
#include <myna/event.h>

#include <jansson.h>

#include "check.h"
#include "fault.h"

/* The JSON must be this one, whatever the order of its keys. `want` has ' for ". */
static void check_json(const char *file, int line, const struct myna_event *ev, const char *want)
{
    char *text = myna_event_json(ev), quoted[2048];
    json_t *got = text ? json_loads(text, 0, NULL) : NULL, *wanted;

    snprintf(quoted, sizeof quoted, "%s", want);
    for (char *p = quoted; *p; p++)
        if (*p == '\'')
            *p = '"';
    wanted = json_loads(quoted, 0, NULL);
    if (!wanted)
        check_fail(file, line, "the test's own JSON is broken: %s", quoted);
    if (text && strchr(text, '\n'))
        check_fail(file, line, "more than one line: %s", text);
    if (!json_equal(got, wanted))
        check_fail(file, line, "%s\n#   is not %s", text ? text : "(null)", quoted);
    json_decref(got);
    json_decref(wanted);
    free(text);
}
#define CHECK_JSON(ev, want) check_json(__FILE__, __LINE__, ev, want)
#define HEAD(type)           "{'time_ms':1500,'createdAt':10001500,'type':'" type "',"
#define EV(kind, ...)                                                                              \
    (&(struct myna_event){                                                                         \
        .type = (kind), .at = 1500 * MYNA_MS, .created_ms = 10001500, __VA_ARGS__})

TEST(what_the_person_said)
{
    CHECK_JSON(
        EV(MYNA_EV_USER_INPUT_TRANSCRIBED, .u.transcribed = {"Hi \"you\"\n", true, "anna", "en"}),
        HEAD("user_input_transcribed") "'transcript':'Hi \\\"you\\\"\\n','isFinal':true,"
                                       "'speakerId':'anna','language':'en'}");
    CHECK_JSON(EV(MYNA_EV_USER_INPUT_TRANSCRIBED, .u.transcribed = {"", false, NULL, NULL}),
               HEAD("user_input_transcribed") "'transcript':'','isFinal':false}");
}

TEST(text_that_is_not_utf8_is_mended_and_the_rest_kept)
{
    CHECK_JSON(EV(MYNA_EV_USER_INPUT_TRANSCRIBED, .u.transcribed = {"a\xff"
                                                                    "b\xe2\x82",
                                                                    true, NULL, NULL}),
               HEAD("user_input_transcribed") "'transcript':'a\\uFFFDb\\uFFFD','isFinal':true}");
}

TEST(states_by_their_names)
{
    static const char *const agent[] = {"initializing", "idle", "listening", "thinking",
                                        "speaking"};
    static const char *const user[] = {"listening", "speaking", "away"};
    char want[300];

    for (unsigned i = 0; i < 5; i++) {
        snprintf(want, sizeof want,
                 HEAD("agent_state_changed") "'oldState':'%s','newState':'speaking'}", agent[i]);
        CHECK_JSON(EV(MYNA_EV_AGENT_STATE_CHANGED,
                      .u.agent_state = {(enum myna_agent_state)i, MYNA_AGENT_SPEAKING}),
                   want);
    }
    for (unsigned i = 0; i < 3; i++) {
        snprintf(want, sizeof want, HEAD("user_state_changed") "'oldState':'away','newState':'%s'}",
                 user[i]);
        CHECK_JSON(EV(MYNA_EV_USER_STATE_CHANGED,
                      .u.user_state = {MYNA_USER_AWAY, (enum myna_user_state)i}),
                   want);
    }
}

static const struct myna_item_metrics unknown = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};

TEST(a_message_with_all_it_may_have_and_with_the_least)
{
    struct myna_item full = {
        .id = "item_1",
        .at = 1000 * MYNA_MS,
        .role = MYNA_ROLE_USER,
        .text = "Good day",
        .interrupted = true,
        .transcript_confidence = 0.5,
        .speaker = "anna",
        .metrics = {1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5},
    };
    struct myna_item least = {.id = "item_2",
                              .at = 1500 * MYNA_MS,
                              .role = MYNA_ROLE_ASSISTANT,
                              .text = "Hm",
                              .transcript_confidence = NAN,
                              .metrics = unknown};

    CHECK_JSON(
        EV(MYNA_EV_CONVERSATION_ITEM_ADDED, .u.item = &full),
        HEAD("conversation_item_added") "'item':{'id':'item_1','type':'message','role':'user',"
                                        "'content':['Good day'],'interrupted':true,"
                                        "'createdAt':10001000,'transcriptConfidence':0.5,"
                                        "'extra':{'speaker':'anna'},'metrics':{"
                                        "'startedSpeakingAt':1.5,'stoppedSpeakingAt':2.5,"
                                        "'transcriptionDelay':3.5,'endOfTurnDelay':4.5,"
                                        "'onUserTurnCompletedDelay':5.5,'llmNodeTtft':6.5,"
                                        "'ttsNodeTtfb':7.5,'playbackLatency':8.5,'e2eLatency':9.5}}"
                                        "}");
    CHECK_JSON(EV(MYNA_EV_CONVERSATION_ITEM_ADDED, .u.item = &least),
               HEAD("conversation_item_added") "'item':{'id':'item_2','type':'message','role':"
                                               "'assistant','content':['Hm'],'interrupted':false,"
                                               "'createdAt':10001500}}");
}

TEST(handoffs_and_changed_agents)
{
    struct myna_item first = {.type = MYNA_ITEM_AGENT_HANDOFF, .id = "h", .new_agent = "b"};
    struct myna_item second = {
        .type = MYNA_ITEM_AGENT_HANDOFF, .id = "h", .new_agent = "b", .old_agent = "a"};
    struct myna_item change = {.type = MYNA_ITEM_AGENT_CONFIG_UPDATE,
                               .id = "c",
                               .instructions = "Be brief.",
                               .tools_added = "x, y",
                               .tools_removed = ""};

    CHECK_JSON(EV(MYNA_EV_CONVERSATION_ITEM_ADDED, .u.item = &first),
               HEAD("conversation_item_added") "'item':{'id':'h','type':'agent_handoff',"
                                               "'newAgentId':'b','createdAt':10000000}}");
    CHECK_JSON(EV(MYNA_EV_CONVERSATION_ITEM_ADDED, .u.item = &second),
               HEAD("conversation_item_added") "'item':{'id':'h','type':'agent_handoff',"
                                               "'newAgentId':'b','oldAgentId':'a',"
                                               "'createdAt':10000000}}");
    CHECK_JSON(EV(MYNA_EV_CONVERSATION_ITEM_ADDED, .u.item = &change),
               HEAD("conversation_item_added") "'item':{'id':'c','type':'agent_config_update',"
                                               "'instructions':'Be brief.','toolsAdded':['x','y'],"
                                               "'toolsRemoved':[],'createdAt':10000000}}");
}

TEST(tools_and_their_answers_side_by_side)
{
    struct myna_item calls[2] = {{.type = MYNA_ITEM_FUNCTION_CALL,
                                  .id = "f1",
                                  .call_id = "c1",
                                  .name = "time",
                                  .arguments = "{}"},
                                 {.type = MYNA_ITEM_FUNCTION_CALL,
                                  .id = "f2",
                                  .call_id = "c2",
                                  .name = "date",
                                  .arguments = "{}"}};
    struct myna_item outputs[2] = {{.type = MYNA_ITEM_FUNCTION_CALL_OUTPUT,
                                    .id = "o1",
                                    .call_id = "c1",
                                    .name = "time",
                                    .output = "noon"},
                                   {.type = MYNA_ITEM_FUNCTION_CALL_OUTPUT,
                                    .id = "o2",
                                    .call_id = "c2",
                                    .name = "date",
                                    .output = "no",
                                    .is_error = true}};

    CHECK_JSON(
        EV(MYNA_EV_FUNCTION_TOOLS_EXECUTED, .u.tools = {calls, outputs, 2}),
        HEAD("function_tools_executed") "'functionCalls':["
                                        "{'id':'f1','type':'function_call','callId':'c1','name':"
                                        "'time','args':'{}','createdAt':10000000},"
                                        "{'id':'f2','type':'function_call','callId':'c2','name':"
                                        "'date','args':'{}','createdAt':10000000}],"
                                        "'functionCallOutputs':["
                                        "{'id':'o1','type':'function_call_output','callId':'c1',"
                                        "'name':'time','output':'noon','isError':false,"
                                        "'createdAt':10000000},"
                                        "{'id':'o2','type':'function_call_output','callId':'c2',"
                                        "'name':'date','output':'no','isError':true,"
                                        "'createdAt':10000000}]}");
}

static const struct myna_metrics all = {
    .label = "maker",
    .model = "m1",
    .request_id = "r",
    .speech_id = "s",
    .segment_id = "g",
    .duration_ms = 1.5,
    .audio_duration_ms = 2,
    .streamed = true,
    .cancelled = true,
    .ttft_ms = -1,
    .ttfb_ms = -1,
    .tokens_per_second = 5,
    .completion_tokens = 6,
    .prompt_tokens = 7,
    .prompt_cached_tokens = 8,
    .total_tokens = 9,
    .characters_count = 10,
    .idle_time_ms = 11,
    .inference_total_ms = 12,
    .inference_count = 13,
    .end_of_utterance_delay_ms = 14,
    .transcription_delay_ms = 15,
    .on_user_turn_completed_delay_ms = 16,
    .last_speaking_time_ms = 17,
};
#define METRICS(type)                                                                              \
    HEAD("metrics_collected")                                                                      \
    "'metrics':{'type':'" type "_metrics','label':'maker','requestId':'r','speechId':'s',"         \
    "'segmentId':'g','timestamp':10001500,'metadata':{'modelProvider':'maker','modelName':'m1'},"

TEST(metrics_have_the_fields_of_their_kind_and_minus_one_for_no_first_token_or_sound)
{
    static const char *const want[] = {
        [MYNA_METRICS_STT] =
            METRICS("stt") "'durationMs':1.5,'audioDurationMs':2,'streamed':true}}",
        [MYNA_METRICS_LLM] =
            METRICS("llm") "'durationMs':1.5,'ttftMs':-1,'cancelled':true,'completionTokens':6,"
                           "'promptTokens':7,'promptCachedTokens':8,'totalTokens':9,"
                           "'tokensPerSecond':5}}",
        [MYNA_METRICS_TTS] =
            METRICS("tts") "'durationMs':1.5,'ttfbMs':-1,'audioDurationMs':2,'cancelled':true,"
                           "'charactersCount':10,'streamed':true}}",
        [MYNA_METRICS_VAD] =
            METRICS("vad") "'idleTimeMs':11,'inferenceDurationTotalMs':12,'inferenceCount':13}}",
        [MYNA_METRICS_EOU] =
            METRICS("eou") "'endOfUtteranceDelayMs':14,'transcriptionDelayMs':15,"
                           "'onUserTurnCompletedDelayMs':16,'lastSpeakingTimeMs':17}}",
    };
    struct myna_metrics bare = {.type = MYNA_METRICS_VAD, .label = "x", .idle_time_ms = NAN};

    for (unsigned i = 0; i < sizeof want / sizeof *want; i++) {
        struct myna_metrics m = all;

        m.type = (enum myna_metrics_type)i;
        CHECK_JSON(EV(MYNA_EV_METRICS_COLLECTED, .u.metrics = &m), want[i]);
    }
    CHECK_JSON(EV(MYNA_EV_METRICS_COLLECTED, .u.metrics = &bare),
               HEAD("metrics_collected") "'metrics':{'type':'vad_metrics','label':'x',"
                                         "'timestamp':10001500,'inferenceDurationTotalMs':0,"
                                         "'inferenceCount':0,"
                                         "'metadata':{'modelProvider':'x'}}}");
}

TEST(usage_leaves_out_what_is_zero)
{
    struct myna_usage rows[] = {
        {.stage = MYNA_STAGE_LLM,
         .provider = "a",
         .model = "b",
         .input_tokens = 1,
         .input_cached_tokens = 2,
         .output_tokens = 3},
        {.stage = MYNA_STAGE_TTS, .provider = "c", .characters_count = 4, .audio_duration_ms = 5.5},
        {.stage = MYNA_STAGE_STT, .provider = "d", .audio_duration_ms = 6},
    };

    CHECK_JSON(EV(MYNA_EV_SESSION_USAGE_UPDATED, .u.usage = {rows, 3}),
               HEAD("session_usage_updated") "'usage':["
                                             "{'type':'llm_usage','provider':'a','model':'b',"
                                             "'inputTokens':1,'inputCachedTokens':2,"
                                             "'outputTokens':3},"
                                             "{'type':'tts_usage','provider':'c',"
                                             "'charactersCount':4,'audioDurationMs':5.5},"
                                             "{'type':'stt_usage','provider':'d',"
                                             "'audioDurationMs':6}]}");
    CHECK_JSON(EV(MYNA_EV_SESSION_USAGE_UPDATED, .u.usage = {NULL, 0}),
               HEAD("session_usage_updated") "'usage':[]}");
}

TEST(speech_interruption_overlap_prediction_debug)
{
    CHECK_JSON(EV(MYNA_EV_SPEECH_CREATED, .u.speech = {true, "generate_reply", "speech_1"}),
               HEAD("speech_created") "'userInitiated':true,'source':'generate_reply',"
                                      "'speechHandle':{'id':'speech_1'}}");
    CHECK_JSON(EV(MYNA_EV_AGENT_FALSE_INTERRUPTION, .u.false_interruption = {true}),
               HEAD("agent_false_interruption") "'resumed':true}");
    CHECK_JSON(EV(MYNA_EV_OVERLAPPING_SPEECH, .u.overlap = {true, 0.25}),
               HEAD("overlapping_speech") "'isInterruption':true,'probability':0.25}");
    CHECK_JSON(EV(MYNA_EV_EOT_PREDICTION, .u.eot = {0.5, 0.25, 12, 300}),
               HEAD("eot_prediction") "'probability':0.5,'threshold':0.25,'inferenceMs':12,"
                                      "'delayMs':300}");
    CHECK_JSON(EV(MYNA_EV_DEBUG_MESSAGE, .u.debug = "hm"), HEAD("debug_message") "'message':'hm'}");
}

TEST(errors_name_their_stage_and_close_its_reason)
{
    struct myna_fault f = {.stage = MYNA_STAGE_LLM,
                           .err = MYNA_EPROVIDER,
                           .provider = "acme",
                           .message = "it said no",
                           .http_status = 503,
                           .retryable = true};
    struct myna_fault bare = {.stage = MYNA_STAGE_RECORDER, .err = MYNA_ENOSPC};
    const char *code = myna_strerror(MYNA_EPROVIDER);
    char want[600];

    snprintf(want, sizeof want,
             HEAD("error") "'source':'llm','error':{'message':'it said no','code':'%s','provider':"
                           "'acme','statusCode':503,'retryable':true,'recoverable':false}}",
             code);
    CHECK_JSON(EV(MYNA_EV_ERROR, .u.fault = f), want);
    snprintf(want, sizeof want,
             HEAD("error") "'source':'recorder','error':{'message':'%s','code':'%s',"
                           "'retryable':false,'recoverable':false}}",
             myna_strerror(MYNA_ENOSPC), myna_strerror(MYNA_ENOSPC));
    CHECK_JSON(EV(MYNA_EV_ERROR, .u.fault = bare), want);
    CHECK_JSON(EV(MYNA_EV_CLOSE, .u.close = {"user_initiated", NULL}),
               HEAD("close") "'reason':'user_initiated','error':null}");
    snprintf(want, sizeof want,
             HEAD("close") "'reason':'error','error':{'message':'it said no','code':'%s',"
                           "'provider':'acme','statusCode':503,'retryable':true,"
                           "'recoverable':false}}",
             code);
    CHECK_JSON(EV(MYNA_EV_CLOSE, .u.close = {"error", &f}), want);
}

TEST(what_is_ours_alone_the_agents_words_playout_and_the_waterfall)
{
    struct myna_waterfall w = {.speech_end = 1000 * MYNA_MS,
                               .transcript = 1050 * MYNA_MS,
                               .end_of_turn = 1300500,
                               .first_token = 1400 * MYNA_MS,
                               .first_text = 1410 * MYNA_MS,
                               .first_audio = MYNA_NEVER,
                               .heard = 1450 * MYNA_MS};

    CHECK_JSON(EV(MYNA_EV_AGENT_TRANSCRIPT, .u.agent_transcript = {"Go", "s", "g", false, true}),
               HEAD("agent_transcript") "'transcript':'Go','speechId':'s','segmentId':'g',"
                                        "'isFinal':false}");
    CHECK_JSON(EV(MYNA_EV_AGENT_TRANSCRIPT, .u.agent_transcript = {"Go", "s", "g", true, true}),
               HEAD("agent_transcript") "'transcript':'Go','speechId':'s','segmentId':'g',"
                                        "'isFinal':true,'interrupted':true}");
    CHECK_JSON(EV(MYNA_EV_PLAYOUT, .u.playout = {"s", "g", true, 7, true}),
               HEAD("playout") "'speechId':'s','segmentId':'g','what':'started'}");
    CHECK_JSON(EV(MYNA_EV_PLAYOUT, .u.playout = {"s", "g", false, 2500, true}),
               HEAD("playout") "'speechId':'s','segmentId':'g','what':'finished',"
                               "'positionMs':2.5,'interrupted':true}");
    CHECK_JSON(EV(MYNA_EV_TURN_LATENCY, .u.latency = {"s", w}),
               HEAD("turn_latency") "'speechId':'s','transcriptMs':50,'endOfTurnMs':300.5,"
                                    "'firstTokenMs':400,'firstTextMs':410,'heardMs':450}");
    w.speech_end = MYNA_NEVER;
    CHECK_JSON(EV(MYNA_EV_TURN_LATENCY, .u.latency = {"s", w}),
               HEAD("turn_latency") "'speechId':'s'}");
}

TEST(the_agents_own_tools_what_they_do_and_whether_they_still_do_it)
{
    CHECK_JSON(EV(MYNA_EV_AGENT_TOOL_PROGRESS,
                  .u.progress = {"s", "terminal", "call_1", "ls -l", "running"}),
               HEAD("agent_tool_progress") "'speechId':'s','tool':'terminal','callId':'call_1',"
                                           "'label':'ls -l','status':'running'}");
    CHECK_JSON(EV(MYNA_EV_AGENT_TOOL_PROGRESS, .u.progress = {.speech_id = "s", .tool = "t"}),
               HEAD("agent_tool_progress") "'speechId':'s','tool':'t'}");
}

TEST(another_provider_takes_over_and_gives_back)
{
    CHECK_JSON(EV(MYNA_EV_PROVIDER_SWITCHED,
                  .u.switched = {MYNA_STAGE_TTS, "openai", "piper", "no answer in 5 s"}),
               HEAD("provider_switched") "'stage':'tts','from':'openai','to':'piper',"
                                         "'reason':'no answer in 5 s'}");
    CHECK_JSON(
        EV(MYNA_EV_PROVIDER_SWITCHED, .u.switched = {MYNA_STAGE_LLM, "ollama", "hermes", NULL}),
        HEAD("provider_switched") "'stage':'llm','from':'ollama','to':'hermes'}");
}

TEST(one_person_of_a_room_speaks)
{
    CHECK_JSON(EV(MYNA_EV_PERSON_SPEAKING, .u.person = {"ann", "Ann", true}),
               HEAD("person_speaking") "'identity':'ann','name':'Ann','speaking':true}");
    CHECK_JSON(EV(MYNA_EV_PERSON_SPEAKING, .u.person = {"ann", NULL, false}),
               HEAD("person_speaking") "'identity':'ann','speaking':false}");
}

static bool write_one(void *arg)
{
    char *text = myna_event_json(arg);

    free(text);
    return text != NULL;
}

TEST(memory_that_fails_gives_null_and_leaves_nothing_behind)
{
    struct myna_metrics m = all;
    struct myna_usage use = {.stage = MYNA_STAGE_STT, .provider = "d", .audio_duration_ms = 6};
    struct myna_fault f = {.stage = MYNA_STAGE_LLM, .message = "bad \xff", .provider = "p"};
    struct myna_item item = {.id = "i", .text = "Hm", .speaker = "anna", .metrics = {1.5}};

    m.type = MYNA_METRICS_LLM;
    CHECK(fault_each_alloc(write_one, EV(MYNA_EV_METRICS_COLLECTED, .u.metrics = &m)) > 10);
    CHECK(fault_each_alloc(write_one, EV(MYNA_EV_SESSION_USAGE_UPDATED, .u.usage = {&use, 1})) > 5);
    CHECK(fault_each_alloc(write_one, EV(MYNA_EV_CLOSE, .u.close = {"error", &f})) > 5);
    CHECK(fault_each_alloc(write_one, EV(MYNA_EV_CONVERSATION_ITEM_ADDED, .u.item = &item)) > 5);
    CHECK(fault_each_alloc(write_one,
                           EV(MYNA_EV_FUNCTION_TOOLS_EXECUTED, .u.tools = {&item, &item, 1})) > 5);
    CHECK(fault_each_alloc(write_one, EV(MYNA_EV_SPEECH_CREATED, .u.speech = {1, "say", "s"})) > 5);
}

TEST_MAIN
