/** The live page: draws each picture with the boxes of the record that came in the same message. */

// A module, so that its names are its own.
export {};

interface Track {
  readonly id: number;
  readonly state: string;
  readonly class: string;
  readonly confidence: number;
  readonly box: readonly [number, number, number, number];
}

interface FrameRecord {
  readonly type: 'frame';
  readonly source: string;
  readonly width: number;
  readonly height: number;
  readonly tracks: readonly Track[];
}

interface StatsMessage {
  readonly type: 'stats';
  readonly sources: readonly {
    source: string;
    fps: number;
    latencyMs: number | null;
    tracks: number;
    missed: number;
    skipped: number;
  }[];
}

interface OtherMessage {
  readonly type: 'hello' | 'source' | 'state' | 'end';
  readonly source?: string;
  readonly state?: string;
  readonly detector?: { readonly model: string; readonly backend: string; readonly device: string };
}

interface View {
  readonly canvas: HTMLCanvasElement;
  readonly line: HTMLParagraphElement;
  busy: boolean;
}

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;
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
    else tell(JSON.parse(String(data)) as StatsMessage | OtherMessage | FrameRecord);
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

function tell(message: StatsMessage | OtherMessage | FrameRecord): void {
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
  } else if (message.type === 'state' && message.source !== undefined) {
    viewOf(message.source).line.textContent = message.state ?? 'ended';
  }
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
    draw(view.canvas, bitmap, record);
    bitmap.close();
  } finally {
    view.busy = false;
  }
}

function draw(canvas: HTMLCanvasElement, picture: ImageBitmap, { width, height, tracks }: FrameRecord): void {
  const shown = Math.min(2, devicePixelRatio) * canvas.clientWidth;
  const scale = Math.max(picture.width, shown) / width;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext('2d')!;
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const size = Math.max(12, Math.round(canvas.height / 28));
  context.font = `600 ${size}px system-ui, sans-serif`;
  context.lineWidth = Math.max(2, canvas.height / 220);
  for (const { id, state, class: name, confidence, box } of tracks) {
    const [x1, y1, x2, y2] = box.map((value) => value * scale) as [number, number, number, number];
    // Steps of the golden angle keep neighbouring ids far apart in hue.
    const colour = `hsl(${(id * 137.508) % 360} 80% 62%)`;
    context.strokeStyle = colour;
    context.setLineDash(state === 'lost' ? [6, 6] : []);
    context.strokeRect(x1, y1, x2 - x1, y2 - y1);
    if (state === 'lost') continue;
    const text = `${name} ${id} ${confidence.toFixed(2)}`;
    const top = y1 > size * 1.4 ? y1 - size * 1.4 : y1;
    context.fillStyle = colour;
    context.fillRect(x1, top, context.measureText(text).width + size * 0.6, size * 1.4);
    context.fillStyle = '#101214';
    context.fillText(text, x1 + size * 0.3, top + size * 1.05);
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
    section.append(title, canvas, line);
    document.getElementById('sources')!.append(section);
    view = { canvas, line, busy: false };
    views.set(source, view);
  }
  return view;
}
