// A person in a LiveKit room, by livekit-client in a headless Chromium. Runs in the directory of its packages.
//
//     node livekit_browser.js URL TOKEN RECORDING.wav SPEECH.wav [CAMERA.y4m]
//
// Commands and events are those of livekit_person.py, but for: {"do": "speak"} opens the microphone, which then plays
// SPEECH.wav (48 kHz) once, and again whenever it is opened anew: "unmute" and "republish" do so; {"do": "camera"} opens
// the camera, which sees CAMERA.y4m; {"do": "rejoin"} leaves the room and comes back. What the agent says is recorded,
// 24 kHz. With EARLY_MS the microphone is open so long before it joins.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const readline = require('readline');
const {createRequire} = require('module');
const here = createRequire(path.join(process.cwd(), 'package.json'));
const {chromium} = here('playwright-core');

const [url, token, recording, speech, camera] = process.argv.slice(2);
const began = Date.now();
const tell = (is, more) => console.log(JSON.stringify({t: (Date.now() - began) / 1000, is, ...more}));

function wav(body) {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0); head.writeUInt32LE(36 + body.length, 4); head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16); head.writeUInt16LE(1, 20); head.writeUInt16LE(1, 22); head.writeUInt32LE(24000, 24);
  head.writeUInt32LE(48000, 28); head.writeUInt16LE(2, 32); head.writeUInt16LE(16, 34); head.write('data', 36);
  head.writeUInt32LE(body.length, 40);
  return Buffer.concat([head, body]);
}

// In the page.
async function join({url, token, early}) {
  const {Room, RoomEvent, RpcError} = window.LivekitClient;
  const room = new Room({publishDefaults: {preConnectBuffer: early > 0, stopMicTrackOnMute: true}});
  const tell = (is, more) => window.tell(is, more || {});
  const contexts = new Map();
  window.room = room;
  window.heard = window.heard || [];
  room.on(RoomEvent.ParticipantConnected, p => tell('came', {who: p.identity}));
  room.on(RoomEvent.ParticipantDisconnected, p => tell('went', {who: p.identity}));
  room.on(RoomEvent.ParticipantAttributesChanged, (c, p) => tell('attributes', {who: p.identity, changed: c}));
  room.on(RoomEvent.ActiveSpeakersChanged, s => tell('speakers', {who: s.map(x => x.identity)}));
  room.on(RoomEvent.Disconnected, () => tell('disconnected'));
  room.on(RoomEvent.TrackMuted, (pub, p) => tell('muted', {who: p.identity}));
  room.on(RoomEvent.TrackUnmuted, (pub, p) => tell('unmuted', {who: p.identity}));
  room.on(RoomEvent.LocalTrackPublished, pub => pub.kind === 'audio' && tell('mic', {track: pub.trackSid}));
  room.on(RoomEvent.DataReceived, (raw, p, kind, topic) =>
    tell('data', {who: p && p.identity, topic: topic || '', text: new TextDecoder().decode(raw)}));
  room.on(RoomEvent.TranscriptionReceived, (segs, p) => tell('legacy', {who: p && p.identity, text: segs[0].text, final: segs[0].final}));
  room.on(RoomEvent.TrackSubscribed, (track, pub, p) => {
    tell('track', {who: p.identity, name: pub.trackName, source: pub.source});
    document.body.appendChild(track.attach());
    const context = new AudioContext({sampleRate: 24000});
    const source = context.createMediaStreamSource(new MediaStream([track.mediaStreamTrack]));
    const taker = context.createScriptProcessor(4096, 1, 1);
    taker.onaudioprocess = e => {
      for (const x of e.inputBuffer.getChannelData(0)) window.heard.push(Math.max(-32768, Math.min(32767, Math.round(x * 32767))));
    };
    source.connect(taker);
    taker.connect(context.destination);
    contexts.set(track, context);
  });
  room.on(RoomEvent.TrackUnsubscribed, track => contexts.get(track)?.close()); // or it goes on with silence
  room.registerTextStreamHandler('lk.transcription', async (reader, p) => {
    const a = reader.info.attributes || {};
    tell('stream', {who: p.identity, topic: reader.info.topic, text: await reader.readAll(), segment: a['lk.segment_id'],
      final: a['lk.transcription_final'], track: a['lk.transcribed_track_id']});
  });
  room.registerTextStreamHandler('notes', async (reader, p) => {
    const text = await reader.readAll();
    tell('note', {who: p.identity, n: [...text].length, text: text.slice(0, 100)});
  });
  room.registerByteStreamHandler('files', async (reader, p) => {
    let n = 0, sum = 0;
    for (const piece of await reader.readAll())
      for (const x of piece) {
        n++;
        sum += x;
      }
    tell('file', {who: p.identity, name: reader.info.name, n, sum});
  });
  room.registerRpcMethod('upper', async call => call.payload.toUpperCase());
  room.registerRpcMethod('slow', () => new Promise(done => setTimeout(done, 30000, '')));
  room.registerRpcMethod('fail', async () => {
    throw new RpcError(1500, 'not today');
  });
  if (early) { // speak while it still connects: livekit-client records that and sends it to the agent
    room.localParticipant.setMicrophoneEnabled(true, {echoCancellation: false, noiseSuppression: false, autoGainControl: false});
    await new Promise(done => setTimeout(done, early));
    tell('late');
  }
  await room.connect(url, token);
  tell('in', {people: Object.fromEntries([...room.remoteParticipants.values()].map(p => [p.identity, p.kind]))});
}

async function act(c) {
  const me = window.room.localParticipant;
  const open = () => me.setMicrophoneEnabled(true, {echoCancellation: false, noiseSuppression: false, autoGainControl: false});
  if (c.do === 'speak' || c.do === 'unmute' || c.do === 'publish')
    await open();
  else if (c.do === 'mute')
    await me.setMicrophoneEnabled(false);
  else if (c.do === 'unpublish' || c.do === 'republish') {
    await me.unpublishTrack(me.getTrackPublication('microphone').track);
    if (c.do === 'republish')
      await open();
  } else if (c.do === 'camera') {
    const pub = await me.setCameraEnabled(true, {resolution: {width: 640, height: 480, frameRate: 15}});
    window.tell('filming', {name: c.name || 'camera', track: pub.trackSid});
  } else if (c.do === 'chat')
    await me.sendText(c.text, {topic: 'lk.chat'});
  else if (c.do === 'data')
    await me.publishData(new TextEncoder().encode(c.text), {topic: c.topic, reliable: true, destinationIdentities: c.to && [c.to]});
  else if (c.do === 'text')
    await me.sendText('ä'.repeat(c.n), {topic: c.topic});
  else if (c.do === 'bytes') {
    const writer = await me.streamBytes({name: 'person.bin', totalSize: c.n, topic: c.topic});
    await writer.write(Uint8Array.from({length: c.n}, (_, i) => i * 7));
    await writer.close();
  } else if (c.do === 'attribute')
    await me.setAttributes({[c.key]: c.value});
  else if (c.do === 'call')
    try {
      const text = await me.performRpc({destinationIdentity: c.to, method: c.method, payload: c.text.repeat(c.times || 1)});
      window.tell('answered', {text: text.slice(0, 20000), n: text.length});
    } catch (e) {
      window.tell('refused', {code: e.code, text: e.message});
    }
}

// Base64 of 16 bit a sample: as numbers they take minutes to leave the page of a busy machine.
function recorded() {
  const raw = new Uint8Array(Int16Array.from(window.heard).buffer);
  let text = '';
  for (let i = 0; i < raw.length; i += 0x8000)
    text += String.fromCharCode(...raw.subarray(i, i + 0x8000));
  return btoa(text);
}

async function main() {
  const client = fs.readFileSync('node_modules/livekit-client/dist/livekit-client.umd.js');
  const server = http.createServer((rq, rs) => {
    rs.setHeader('Content-Type', rq.url === '/client.js' ? 'text/javascript' : 'text/html');
    rs.end(rq.url === '/client.js' ? client : '<!doctype html><body><script src="/client.js"></script>');
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM, headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${speech}%noloop`, ...(camera ? [`--use-file-for-fake-video-capture=${camera}`] : []),
      '--autoplay-policy=no-user-gesture-required'],
  });
  const page = await browser.newPage();
  page.on('pageerror', e => console.error(String(e)));
  await page.exposeFunction('tell', tell);
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.evaluate(join, {url, token, early: Number(process.env.EARLY_MS || 0)});
  for await (const line of readline.createInterface({input: process.stdin})) {
    const c = JSON.parse(line);
    if (c.do === 'leave')
      break;
    if (c.do === 'rejoin') {
      await page.evaluate(() => window.room.disconnect());
      await page.evaluate(join, {url, token, early: 0});
    } else
      await page.evaluate(act, c);
  }
  fs.writeFileSync(recording, wav(Buffer.from(await page.evaluate(recorded), 'base64')));
  await page.evaluate(() => window.room.disconnect());
  await browser.close();
  server.close();
  tell('left');
  process.exit(0);
}

main().catch(e => {
  console.error(String(e));
  process.exit(1);
});
