/** The sources that can be asked for by a type. A new one is a folder, and a line here. */
export { cameraSource } from './camera/kind.js';
export { fileSource } from './file/kind.js';
