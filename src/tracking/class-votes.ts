/**
 * Which class each track is: the one with the largest sum of confidences over the track's life.
 *
 * A detector calls one lorry "truck" in most frames and "bus" in some; the track should not flicker with it.
 * Classes are numbered densely in the order of their first appearance, so that any set of class ids works.
 */
export class ClassVotes {
  private readonly slots = new Map<number, number>();
  private readonly ids: number[] = [];
  private readonly labels: string[] = [];
  private stride = 8;
  private votes: Float64Array;

  /** @param capacity number of tracks. */
  constructor(private capacity: number) {
    this.votes = new Float64Array(capacity * this.stride);
  }

  /** Makes room for `capacity` tracks; what is there stays. */
  grow(capacity: number): void {
    const votes = new Float64Array(capacity * this.stride);
    votes.set(this.votes);
    this.votes = votes;
    this.capacity = capacity;
  }

  /** The dense number of a class; its label is the one of the first detection. */
  slotOf(classId: number, label: string): number {
    let slot = this.slots.get(classId);
    if (slot === undefined) {
      slot = this.ids.length;
      this.slots.set(classId, slot);
      this.ids.push(classId);
      this.labels.push(label);
      if (slot === this.stride) this.widen();
    }
    return slot;
  }

  classId(slot: number): number {
    return this.ids[slot]!;
  }

  label(slot: number): string {
    return this.labels[slot]!;
  }

  /** Forgets what was voted for `track`. */
  clear(track: number): void {
    this.votes.fill(0, track * this.stride, (track + 1) * this.stride);
  }

  /** Counts one sighting. @returns the leading class; on a tie the `current` one stays. */
  vote(track: number, slot: number, confidence: number, current: number): number {
    const base = track * this.stride;
    const sum = this.votes[base + slot]! + confidence;
    this.votes[base + slot] = sum;
    return sum > this.votes[base + current]! ? slot : current;
  }

  private widen(): void {
    const wider = new Float64Array(this.capacity * this.stride * 2);
    for (let track = 0; track < this.capacity; track++) {
      const row = this.votes.subarray(track * this.stride, (track + 1) * this.stride);
      wider.set(row, track * this.stride * 2);
    }
    this.votes = wider;
    this.stride *= 2;
  }
}
