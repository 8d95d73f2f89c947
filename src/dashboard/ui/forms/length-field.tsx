import { Field } from './field.tsx'

export type Length = [seconds: number, text: string]

interface LengthFieldProps {
  label: string
  lengths: Length[]
  seconds: number
  choose(seconds: number): void
}

/** For how long: one of a few lengths of time. */
export function LengthField({ label, lengths, seconds, choose }: LengthFieldProps) {
  return (
    <Field label={label}>
      {attributes => (
        <select {...attributes} value={String(seconds)} onChange={event => choose(Number(event.currentTarget.value))}>
          {lengths.map(([seconds, text]) => (
            <option key={seconds} value={String(seconds)}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  )
}
