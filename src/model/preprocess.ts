// The function lives in src/letterbox.ts because sources need it too; import it from there.
export { letterboxOf } from '../letterbox.js';
