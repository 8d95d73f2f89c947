import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Test } from 'tap'
import { patience } from './until.ts'

/**
 * Waits until what is read is that, or fits that pattern: a page, like a row that a worker writes, changes a moment
 * after what makes it change.
 */
export async function becomes<T>(t: Test, read: () => Promise<T>, wanted: T | RegExp, what = '') {
  const fits = (found: T) => (wanted instanceof RegExp ? wanted.test(String(found)) : isDeepStrictEqual(found, wanted))
  const end = performance.now() + patience * 1000
  let found = await read()
  while (!fits(found) && performance.now() < end) {
    await delay(20)
    found = await read()
  }
  if (wanted instanceof RegExp) t.match(found, wanted, what)
  else t.strictSame(found, wanted, what)
}
