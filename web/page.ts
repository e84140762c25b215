/** The live page: draws each picture with the boxes of the record that came in the same message. */
import type { FrameRecord, Message } from './messages.js';
import { View } from './view.js';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;
const status = document.getElementById('status')!;
const sources = document.getElementById('sources')!;
const views = new Map<string, View>();

connect(FIRST_RETRY_MS);

function connect(retryMs: number): void {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(`${scheme}//${location.host}/ws${location.search}`);
  socket.binaryType = 'arraybuffer';
  let next = retryMs;
  socket.onmessage = ({ data }) => {
    next = FIRST_RETRY_MS;
    if (data instanceof ArrayBuffer) showPicture(data);
    else tell(JSON.parse(String(data)) as Message);
  };
  socket.onclose = ({ code, reason }) => {
    if (code === 1001) status.textContent = 'the run is over';
    else if (code === 1008) status.textContent = reason;
    else {
      const why = reason === '' ? 'disconnected' : reason;
      status.textContent = `${why}; trying again in ${(next / 1000).toFixed(1)} s`;
      setTimeout(() => {
        connect(Math.min(LAST_RETRY_MS, next * 2));
      }, next);
    }
  };
}

function tell(message: Message): void {
  switch (message.type) {
    case 'hello': {
      const known = new Set(message.states.map(({ source }) => source));
      for (const source of views.keys()) if (!known.has(source)) forget(source);
      if (message.detector === undefined) status.textContent = 'no source has opened yet';
      for (const record of message.sources) tell(record);
      for (const state of message.states) viewOf(state.source).showState(state);
      return;
    }
    case 'source':
      status.textContent = `${message.model} on ${message.backend} ${message.device}`;
      viewOf(message.source).showSize(message.width, message.height);
      return;
    case 'state':
      if (message.state === 'removed') forget(message.source);
      else viewOf(message.source).showState(message);
      return;
    case 'stats':
      for (const numbers of message.sources) viewOf(numbers.source).showNumbers(numbers);
      return;
    case 'analytics':
      viewOf(message.source).showScene(message);
      return;
    case 'event':
      viewOf(message.source).addEvent(message);
      return;
    case 'end':
      if (message.analytics !== undefined) viewOf(message.source).showScene(message.analytics);
      return;
    case 'frame':
      // A record without its picture has nothing to be drawn on.
      return;
  }
}

function showPicture(data: ArrayBuffer): void {
  const length = new DataView(data).getUint32(0, true);
  const record = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length))) as FrameRecord;
  const jpeg = new Blob([new Uint8Array(data, 4 + length)], { type: 'image/jpeg' });
  viewOf(record.source).showPicture(record, jpeg);
}

function viewOf(source: string): View {
  let view = views.get(source);
  if (view === undefined) views.set(source, (view = new View(source, sources)));
  return view;
}

function forget(source: string): void {
  views.get(source)?.remove();
  views.delete(source);
}
