/** Events in a person's words. */
import type { EventRecord } from './messages.js';

/** One line for an event; undefined for those that are not worth a look, such as the beginning of a track. */
export function eventText(event: EventRecord): string | undefined {
  const said = whatHappened(event);
  return said && `${clock(event.ptsUs)}  ${event.class ?? ''} ${event.track ?? ''} ${said}`;
}

function whatHappened(event: EventRecord): string | undefined {
  const { name = '', how, ptsUs, sinceUs = ptsUs, dwellUs = 0, speed } = event;
  switch (event.event) {
    case 'line_cross': {
      const fast = speed === undefined ? '' : ` at ${speed.value.toFixed(0)} ${speed.unit}`;
      return `crossed ${name}, ${event.direction ?? ''}${fast}`;
    }
    case 'zone_enter':
      return how === 'appeared' ? `appeared in ${name}` : `entered ${name}`;
    case 'zone_exit':
      return `${how === 'vanished' ? 'vanished from' : 'left'} ${name} after ${seconds(dwellUs)}`;
    case 'loitering':
      return `has been in ${name} for ${seconds(ptsUs - sinceUs)}`;
    case 'stationary':
      return `has stood still for ${seconds(ptsUs - sinceUs)} (${name})`;
    case 'stationary_end':
      return `moved on after ${seconds(ptsUs - sinceUs)} (${name})`;
    default:
      return undefined;
  }
}

function seconds(us: number): string {
  return `${(us / 1e6).toFixed(1)} s`;
}

/** `1:02:03.4`, hours only if there are any. */
function clock(us: number): string {
  const tenths = Math.round(us / 1e5);
  const [hours, minutes, rest] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, tenths % 600];
  const tail = `${String(minutes).padStart(hours > 0 ? 2 : 1, '0')}:${(rest / 10).toFixed(1).padStart(4, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}
