import type { Test } from 'tap'
import type { Service } from './service.ts'

const largest = 9 * 1024 * 1024

/**
 * Reads a list of so many large rows to its end and back by its cursors: each row is there once, no answer is larger
 * than a page may be, and there are several.
 */
export async function walk(t: Test, { get }: Pick<Service, 'get'>, list: string, count: number) {
  const read = async (cursor?: string | null) => {
    const response = await get(`${list}&limit=1000${cursor ? `&cursor=${cursor}` : ''}`)
    t.equal(response.statusCode, 200)
    t.ok(response.body.length < largest, `${list}: ${response.body.length} bytes`)
    return response.json()
  }
  const ids = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id)
  const there: string[][] = []
  let last = await read()
  for (; ; last = await read(last.next_cursor)) {
    there.push(ids(last))
    if (last.next_cursor === null || there.length > count) break
  }
  t.equal(new Set(there.flat()).size, count, `${list}: each once`)
  t.equal(there.flat().length, count)
  t.ok(there.length > 1, `${list}: more than a page`)

  const back: string[][] = []
  while (last.prev_cursor !== null && back.length <= count) {
    last = await read(last.prev_cursor)
    back.unshift(ids(last))
  }
  t.same(back.flat(), there.slice(0, -1).flat(), `${list}: and the same way back`)
}
