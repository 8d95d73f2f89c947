/** A failed start of the embedded database, as a sentence for the operator. */
export class EmbeddedError extends Error {
  override name = 'EmbeddedError'
}

/** A role's password file is missing. */
export class PasswordError extends EmbeddedError {}
