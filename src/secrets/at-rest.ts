import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const cipher = 'aes-256-gcm'
const nonceLength = 12
const tagLength = 16

/**
 * Encrypts a secret for the database. `owner` is whose it is (an id): copied to the row of another, it does not open. As
 * stored: nonce, tag, ciphertext. The nonce is random: one key may seal four billion secrets.
 */
export function seal(key: Buffer, secret: Buffer, owner: string): Buffer {
  const nonce = randomBytes(nonceLength)
  const sealing = createCipheriv(cipher, key, nonce).setAAD(Buffer.from(owner))
  const sealed = Buffer.concat([sealing.update(secret), sealing.final()])
  return Buffer.concat([nonce, sealing.getAuthTag(), sealed])
}

/** Throws where it was sealed with another key, for another owner, or was changed. */
export function unseal(key: Buffer, sealed: Buffer, owner: string): Buffer {
  if (sealed.length < nonceLength + tagLength) throw new Error('The secret in the database is too short to be one')
  const nonce = sealed.subarray(0, nonceLength)
  const tag = sealed.subarray(nonceLength, nonceLength + tagLength)
  try {
    const opening = createDecipheriv(cipher, key, nonce, { authTagLength: tagLength })
      .setAAD(Buffer.from(owner))
      .setAuthTag(tag)
    return Buffer.concat([opening.update(sealed.subarray(nonceLength + tagLength)), opening.final()])
  } catch {
    throw new Error('The secret in the database was encrypted with another master secret (SECRET_KEY_FILE)')
  }
}
