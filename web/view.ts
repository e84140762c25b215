/** One source on the page: its name and state, its picture, a line of numbers and its latest events. */
import { draw } from './draw.js';
import { eventText } from './event-text.js';
import type { EventRecord, FrameRecord, Scene, SourceStats, StateEntry } from './messages.js';
import { type Picture, PictureQueue } from './picture-queue.js';

const EVENTS_SHOWN = 4;

/** What is to be known of a state besides its name. A reason follows where there is one. */
const WORDS: Readonly<Record<string, string>> = {
  connecting: 'opening the source',
  stalled: 'no new pictures; the last one is shown',
  reconnecting: 'the connection was lost; trying again',
  failed: 'given up',
};

/** The card of a source. */
export class View {
  readonly #section = document.createElement('section');
  readonly #state = document.createElement('span');
  readonly #why = document.createElement('p');
  readonly #canvas = document.createElement('canvas');
  readonly #numbers = document.createElement('p');
  readonly #events = document.createElement('ol');
  #scene: Scene | undefined;
  /** What is shown, kept to be drawn again when counts change. */
  #shown: { readonly bitmap: ImageBitmap; readonly record: FrameRecord } | undefined;
  readonly #pictures = new PictureQueue((picture) => this.#show(picture));

  constructor(source: string, parent: HTMLElement) {
    const head = document.createElement('header');
    const title = document.createElement('h2');
    title.textContent = source;
    this.#state.className = 'state';
    head.append(title, this.#state);
    this.#why.className = 'why';
    this.#why.hidden = true;
    this.#why.role = 'status';
    this.#canvas.hidden = true;
    this.#events.hidden = true;
    this.#events.ariaLabel = 'latest events';
    this.#section.append(head, this.#why, this.#canvas, this.#numbers, this.#events);
    parent.append(this.#section);
  }

  remove(): void {
    this.#section.remove();
    this.#pictures.clear();
    this.#shown?.bitmap.close();
  }

  showState({ state, reason }: StateEntry): void {
    this.#section.dataset['state'] = state;
    this.#state.textContent = state;
    const words = WORDS[state];
    this.#why.hidden = words === undefined;
    this.#why.textContent = reason === undefined ? (words ?? '') : `${words ?? state}: ${reason}`;
    if (state === 'ended' || state === 'failed') this.#numbers.textContent = '';
  }

  /** Makes room for pictures of this size before the first one comes. */
  showSize(width: number, height: number): void {
    this.#canvas.hidden = false;
    this.#section.style.setProperty('--ratio', String(width / height));
  }

  showNumbers({ fps, latencyMs, tracks, missed, skipped }: SourceStats): void {
    const latency = latencyMs === null ? '' : ` · ${latencyMs.toFixed(0)} ms`;
    this.#numbers.textContent = `${fps} fps${latency} · ${tracks} tracks · ${missed + skipped} frames not shown`;
  }

  showScene(scene: Scene): void {
    this.#scene = { ...this.#scene, ...scene };
    this.#events.hidden = false;
    this.#redraw();
  }

  /** The newest event comes first and pushes the oldest out. */
  addEvent(event: EventRecord): void {
    const text = eventText(event);
    if (text === undefined) return;
    const item = document.createElement('li');
    item.textContent = text;
    item.title = text;
    this.#events.hidden = false;
    this.#events.prepend(item);
    while (this.#events.children.length > EVENTS_SHOWN) this.#events.lastElementChild!.remove();
  }

  showPicture(record: FrameRecord, jpeg: Blob): void {
    this.#pictures.add({ record, jpeg });
  }

  async #show({ record, jpeg }: Picture): Promise<void> {
    const bitmap = await createImageBitmap(jpeg);
    this.#shown?.bitmap.close();
    this.#shown = { bitmap, record };
    this.showSize(record.width, record.height);
    this.#redraw();
  }

  #redraw(): void {
    if (this.#shown !== undefined) draw(this.#canvas, this.#shown.bitmap, this.#shown.record, this.#scene);
  }
}
