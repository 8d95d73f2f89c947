import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Keeps JSON in a place that must not know it: AES-256-GCM under a derived key. */
export function sealer(key: Buffer) {
  return {
    seal(value: unknown): { sealed: string } {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, iv)
      const bytes = Buffer.concat([iv, cipher.update(JSON.stringify(value)), cipher.final()])
      return { sealed: Buffer.concat([cipher.getAuthTag(), bytes]).toString('base64') }
    },
    open(value: unknown): unknown {
      const bytes = Buffer.from((value as { sealed: string }).sealed, 'base64')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(16, 28)).setAuthTag(bytes.subarray(0, 16))
      return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString())
    }
  }
}
