/** The trackers that can be chosen by a name. A new one is a folder, or a file, and a line here. */
export { botSort } from './bot-sort.js';
export { byteTrack } from './byte-track/byte-track.js';
export { ocSort } from './oc-sort/oc-sort.js';
export { sort } from './sort.js';
