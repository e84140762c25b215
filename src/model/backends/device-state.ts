/** Whether a device of a backend can be asked for, and one line of why or why not. */
export interface DeviceState {
  readonly device: string;
  /** Whether its drivers work is known when it has started. */
  readonly available: boolean;
  readonly reason: string;
}
