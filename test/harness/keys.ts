import { newToken } from '../../src/access/token.ts'
import type { Service } from './service.ts'

export interface TestKey {
  id: string
  key: string
  /** Headers of a request with it. */
  with: { authorization: string }
}

/** Makes keys through the API. The first one is for everything, closes the service, and makes the others. */
export async function openKeys({ post }: Service) {
  const admin = keyIn(await post('/api/keys', { name: 'root', preset: 'admin' }))
  return {
    admin,
    async make(body: object): Promise<TestKey> {
      return keyIn(await post('/api/keys', { name: 'some', ...body }, admin.with))
    }
  }
}

function keyIn({ statusCode, body }: { statusCode: number; body: string }): TestKey {
  if (statusCode !== 201) throw new Error(body)
  const { id, key } = JSON.parse(body)
  return { id, key, with: { authorization: `Bearer ${key}` } }
}

/** A key that no database has. */
export function unknownKey() {
  return newToken('k').text
}
