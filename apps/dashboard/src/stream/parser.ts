/** One server-sent event. */
export interface StreamEvent {
  /** The id last seen, '' if none came yet. */
  readonly id: string;
  /** Kind of the event: 'message' where the stream names none. */
  readonly event: string;
  readonly data: string;
}

/** What a piece of the stream contained. */
export interface Parsed {
  readonly events: readonly StreamEvent[];
  /** Reconnection time in milliseconds, where the stream set one. */
  readonly retry?: number;
}

/**
 * An incremental reader of `text/event-stream`: takes the text in any pieces, gives the complete events in them.
 * WHATWG HTML, "Server-sent events", section "Interpreting an event stream".
 */
export class EventStreamParser {
  private rest = '';
  private id = '';
  private event = '';
  private data: string[] = [];

  feed(text: string): Parsed {
    const events: StreamEvent[] = [];
    let retry: number | undefined;
    this.rest += text;
    // A carriage return at the very end may be half of a line end.
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (this.data.length > 0) {
          events.push({ id: this.id, event: this.event || 'message', data: this.data.join('\n') });
        }
        this.event = '';
        this.data = [];
        continue;
      }
      const colon = line.indexOf(':');
      if (colon === 0) continue;
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'data') this.data.push(value);
      else if (field === 'event') this.event = value;
      else if (field === 'id' && !value.includes('\0')) this.id = value;
      else if (field === 'retry' && /^\d+$/.test(value)) retry = Number(value);
    }
    return retry === undefined ? { events } : { events, retry };
  }
}
