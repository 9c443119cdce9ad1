import { describe, expect, test } from 'vitest';
import { EventStreamParser } from './parser.ts';

const stream = 'retry: 2000\n\n: heartbeat\n\nid: 7\nevent: metrics\ndata: {"a":1}\n\nid: 8\ndata: one\ndata: two\n\n';

describe('EventStreamParser', () => {
  test('reads ids, kinds, several data lines, comments and the reconnection time', () => {
    const { events, retry } = new EventStreamParser().feed(stream);
    expect(retry).toBe(2000);
    expect(events).toEqual([
      { id: '7', event: 'metrics', data: '{"a":1}' },
      { id: '8', event: 'message', data: 'one\ntwo' },
    ]);
  });

  test.each([1, 2, 3, 5, 7])(
    'gives the same events in pieces of %i characters and with every kind of line end',
    (size) => {
      for (const end of ['\n', '\r\n', '\r']) {
        // A lone carriage return ends a line only when the next character is known.
        const text = stream.replaceAll('\n', end) + (end === '\r' ? ': end\r' : '');
        const parser = new EventStreamParser();
        const events = [];
        for (let k = 0; k < text.length; k += size) events.push(...parser.feed(text.slice(k, k + size)).events);
        expect(events.map((event) => event.data)).toEqual(['{"a":1}', 'one\ntwo']);
      }
    },
  );

  test('an incomplete event is not given, an id stays until the next one', () => {
    const parser = new EventStreamParser();
    expect(parser.feed('id: 3\ndata: x\n').events).toEqual([]);
    expect(parser.feed('\ndata: y\n\n').events.map((event) => event.id)).toEqual(['3', '3']);
  });

  test('values keep colons and all but the first space', () => {
    expect(new EventStreamParser().feed('data:  a: b\n\n').events[0]?.data).toBe(' a: b');
  });
});
