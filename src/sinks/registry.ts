/** The sinks that can be asked for by a type. A new one is a folder, and a line here. */
export { feedSink } from './feed/kind.js';
export { heatMapSink } from './heat-map/kind.js';
export { jsonlSink } from './jsonl/kind.js';
export { motSink } from './mot/kind.js';
export { videoSink } from './video/kind.js';
