/** Events in a person's words. */
import type { EventRecord } from './messages.js';

/** One line for an event; undefined for those that are not worth a look, such as the beginning of a track. */
export function eventText(event: EventRecord): string | undefined {
  const said = whatHappened(event);
  if (said === undefined || event.event === 'counts') return undefined;
  return `${clock(event.ptsUs)}  ${event.class} ${event.track} ${said}`;
}

function whatHappened(event: EventRecord): string | undefined {
  switch (event.event) {
    case 'line_cross': {
      const { name, direction, speed } = event;
      const fast = speed === undefined ? '' : ` at ${speed.value.toFixed(0)} ${speed.unit}`;
      return `crossed ${name}, ${direction}${fast}`;
    }
    case 'zone_enter':
      return `${event.how === 'appeared' ? 'appeared in' : 'entered'} ${event.name}`;
    case 'zone_exit':
      return `${event.how === 'vanished' ? 'vanished from' : 'left'} ${event.name} after ${seconds(event.dwellUs)}`;
    case 'loitering':
      return `has been in ${event.name} for ${seconds(event.ptsUs - event.sinceUs)}`;
    case 'stationary':
      return `has stood still for ${seconds(event.ptsUs - event.sinceUs)} (${event.name})`;
    case 'stationary_end':
      return `moved on after ${seconds(event.ptsUs - event.sinceUs)} (${event.name})`;
    case 'track_start':
    case 'track_end':
    case 'counts':
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
