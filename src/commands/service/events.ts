import { setTimeout as delay } from 'node:timers/promises'
import type { Service } from './service.ts'

export interface StreamEvent {
  id: string
  event: string
  data: string
}

// Of lost connections in a row; with their pauses about half a minute.
const mostFailures = 8

/** The Server-Sent Events at a path until the event `end`; a lost connection goes on behind the last event. */
export async function* eventsAt(service: Service, path: string): AsyncGenerator<StreamEvent, void, undefined> {
  let last = ''
  for (let failures = 0; ; ) {
    try {
      const response = await service.fetch(new URL(path, service.base), {
        headers: { accept: 'text/event-stream', ...(last && { 'last-event-id': last }) }
      })
      // No more: 204.
      if (response.status === 204 || !response.body) return
      if (!response.ok) throw Object.assign(new Error(`status ${response.status}`), { status: response.status })
      for await (const each of eventsIn(response.body)) {
        failures = 0
        last = each.id || last
        if (each.event === 'end') return
        yield each
      }
    } catch (error) {
      const { status = 503 } = error as { status?: number }
      if (status !== 503 && status !== 429) throw error
      if (++failures > mostFailures) throw error
    }
    await delay(Math.min(8, 0.25 * 2 ** failures) * 1000)
  }
}

async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent, void, undefined> {
  let rest = ''
  for await (const chunk of body.pipeThrough(new TextDecoderStream() as never) as ReadableStream<string>) {
    const parts = (rest + chunk).split('\n\n')
    rest = parts.pop()!
    for (const part of parts) {
      const event = eventOf(part)
      if (event.data !== '') yield event
    }
  }
}

function eventOf(text: string): StreamEvent {
  const event = { id: '', event: 'message', data: '' }
  for (const line of text.split('\n')) {
    const [, name, value = ''] = /^(id|event|data): ?(.*)$/.exec(line) ?? []
    if (name === 'data') event.data += event.data === '' ? value : `\n${value}`
    else if (name) event[name as 'id' | 'event'] = value
  }
  return event
}
