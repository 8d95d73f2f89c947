/** What keeps the embedded database from coming up, in a sentence for the person who started us. */
export class EmbeddedError extends Error {
  override name = 'EmbeddedError'
}
