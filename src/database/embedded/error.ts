/** Why the embedded database does not start, in a sentence for the operator. */
export class EmbeddedError extends Error {
  override name = 'EmbeddedError'
}

/** The file with a role's password is missing. */
export class PasswordError extends EmbeddedError {}
