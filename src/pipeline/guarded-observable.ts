import { Observable, type Observer, type OperatorFunction, Subscription } from 'rxjs';

type Next<T> = (value: T) => void;

/**
 * An observable whose subscribers cannot end the process. RxJS throws what a subscriber throws as an uncaught exception;
 * here it is reported, and the subscriber goes on getting values. That holds behind operators too.
 */
export class GuardedObservable<T> extends Observable<T> {
  readonly #report: (error: unknown) => void;

  /** @param report told what a subscriber, or an operator that nobody listens to the errors of, has thrown. */
  constructor(values: Observable<T>, report: (error: unknown) => void) {
    super((subscriber) => values.subscribe(subscriber));
    this.#report = report;
  }

  override pipe(...operators: readonly OperatorFunction<never, never>[]): Observable<never> {
    const piped = operators.reduce(
      (input, operator) => operator(input),
      this as unknown as Observable<never>,
    );
    return new GuardedObservable(piped, this.#report);
  }

  override subscribe(
    observerOrNext?: Partial<Observer<T>> | Next<T> | null,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    // Operators hand their own subscribers down; those pass errors on by themselves.
    if (observerOrNext instanceof Subscription)
      return super.subscribe(observerOrNext as Partial<Observer<T>>);
    const observer: Partial<Observer<T>> =
      typeof observerOrNext === 'function' ? { next: observerOrNext } : (observerOrNext ?? {});
    const onError = error ?? observer.error?.bind(observer);
    return super.subscribe({
      next: this.#guard(observer.next?.bind(observer)),
      error: this.#guard(onError ?? this.#report),
      complete: this.#guard(complete ?? observer.complete?.bind(observer)),
    });
  }

  #guard<A extends unknown[]>(call: ((...values: A) => void) | undefined): (...values: A) => void {
    return (...values) => {
      try {
        call?.(...values);
      } catch (thrown) {
        this.#report(thrown);
      }
    };
  }
}
