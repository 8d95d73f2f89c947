/** As it is in JSON. */
export type Sent<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Sent<Item>[]
    : T extends object
      ? { [Name in keyof T]: Sent<T[Name]> }
      : T

/** Compiles only if what the API answers has all that is read of it. */
export const fits = <Answer extends Read, Read>() => Boolean as unknown as [Answer, Read]
