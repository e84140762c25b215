/**
 * How messages travel over the feed. Text messages are JSON. A binary message is a frame record and its picture in one piece,
 * so that a box can never be drawn on another frame:
 *
 *     bytes 0–3   length of the JSON, unsigned, little endian
 *     then        the frame record, JSON in UTF-8
 *     then        a JPEG, to the end of the message
 */
import type { FeedMessage } from '../../record/feed-messages.js';
import type { FrameRecord } from '../../record/schema.js';

/** A message ready to be sent, encoded once for all clients. */
export interface Message {
  readonly data: Buffer;
  readonly binary: boolean;
}

/** Encodes a text message. */
export function textMessage(content: FeedMessage): Message {
  return { data: Buffer.from(JSON.stringify(content)), binary: false };
}

/** Puts a frame record and its picture into one message. */
export function pictureMessage(record: FrameRecord, jpeg: Buffer): Message {
  const json = Buffer.from(JSON.stringify(record));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  return { data: Buffer.concat([length, json, jpeg]), binary: true };
}
