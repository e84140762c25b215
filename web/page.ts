/** The live page: draws each picture with the boxes of the record that came in the same message. */

import { draw } from './draw.js';
import { eventText } from './event-text.js';
import type { FrameRecord, Message, Scene } from './messages.js';

interface View {
  readonly canvas: HTMLCanvasElement;
  readonly line: HTMLParagraphElement;
  readonly events: HTMLOListElement;
  busy: boolean;
  scene: Scene | undefined;
  /** What is shown, kept to be drawn again when counts change. */
  shown: { readonly bitmap: ImageBitmap; readonly record: FrameRecord } | undefined;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;
const EVENTS_SHOWN = 4;
const status = document.getElementById('status')!;
const views = new Map<string, View>();

connect(FIRST_RETRY_MS);

function connect(retryMs: number): void {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(`${scheme}//${location.host}/ws${location.search}`);
  socket.binaryType = 'arraybuffer';
  let next = retryMs;
  socket.onmessage = ({ data }) => {
    next = FIRST_RETRY_MS;
    if (data instanceof ArrayBuffer) void showPicture(data);
    else tell(JSON.parse(String(data)) as Message);
  };
  socket.onclose = ({ code, reason }) => {
    if (code === 1001) status.textContent = 'the run is over';
    else if (code === 1008) status.textContent = reason;
    else {
      status.textContent = `disconnected; trying again in ${(next / 1000).toFixed(1)} s`;
      setTimeout(() => {
        connect(Math.min(LAST_RETRY_MS, next * 2));
      }, next);
    }
  };
}

function tell(message: Message): void {
  if (message.type === 'hello') {
    const { detector } = message;
    status.textContent =
      detector === undefined
        ? 'waiting for a source'
        : `${detector.model} on ${detector.backend} ${detector.device}`;
  } else if (message.type === 'stats') {
    for (const { source, fps, latencyMs, tracks, missed, skipped } of message.sources) {
      const latency = latencyMs === null ? '' : ` · ${latencyMs.toFixed(0)} ms`;
      viewOf(source).line.textContent =
        `${fps} fps${latency} · ${tracks} tracks · ${missed + skipped} frames not shown`;
    }
  } else if (message.type === 'analytics') {
    showScene(message.source, message);
  } else if (message.type === 'event') {
    const text = eventText(message);
    if (text !== undefined) addEvent(viewOf(message.source), text);
  } else if (message.type === 'state' && message.source !== undefined) {
    viewOf(message.source).line.textContent = message.state ?? 'ended';
  } else if (message.type === 'end' && message.source !== undefined && message.analytics !== undefined) {
    showScene(message.source, message.analytics);
  }
}

function showScene(source: string, scene: Scene): void {
  const view = viewOf(source);
  view.scene = scene;
  view.events.hidden = false;
  redraw(view);
}

/** The newest event comes first and pushes the oldest out. */
function addEvent({ events }: View, text: string): void {
  const item = document.createElement('li');
  item.textContent = text;
  events.prepend(item);
  while (events.children.length > EVENTS_SHOWN) events.lastElementChild!.remove();
}

function redraw({ canvas, shown, scene }: View): void {
  if (shown !== undefined) draw(canvas, shown.bitmap, shown.record, scene);
}

async function showPicture(data: ArrayBuffer): Promise<void> {
  const length = new DataView(data).getUint32(0, true);
  const record = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, length))) as FrameRecord;
  const view = viewOf(record.source);
  // A browser that decodes slower than frames arrive shows fewer of them instead of older ones.
  if (view.busy) return;
  view.busy = true;
  try {
    const bitmap = await createImageBitmap(
      new Blob([new Uint8Array(data, 4 + length)], { type: 'image/jpeg' }),
    );
    view.shown?.bitmap.close();
    view.shown = { bitmap, record };
    redraw(view);
  } finally {
    view.busy = false;
  }
}

function viewOf(source: string): View {
  let view = views.get(source);
  if (view === undefined) {
    const section = document.createElement('section');
    const title = document.createElement('h2');
    title.textContent = source;
    const canvas = document.createElement('canvas');
    const line = document.createElement('p');
    const events = document.createElement('ol');
    events.hidden = true;
    events.ariaLabel = 'latest events';
    section.append(title, canvas, line, events);
    document.getElementById('sources')!.append(section);
    view = { canvas, line, events, busy: false, scene: undefined, shown: undefined };
    views.set(source, view);
  }
  return view;
}
