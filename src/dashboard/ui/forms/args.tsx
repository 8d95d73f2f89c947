import { useEffect, useRef, useState } from 'preact/hooks'
import type { ApiError } from '../../state/service/api.ts'
import { type FormField, fieldsOf } from '../../words/schema.ts'
import { fieldError } from '../said.tsx'
import { Field } from './field.tsx'

interface ArgsProps {
  schema: unknown
  args: Record<string, unknown>
  error: ApiError | undefined
  onChange(args: Record<string, unknown> | undefined): void
}

/** A field for each argument where the schema is simple, and all of them as JSON: each follows the other. */
export function Args({ schema, args, error, onChange }: ArgsProps) {
  const fields = fieldsOf(schema) ?? []
  return (
    <fieldset class="arguments">
      <legend>Arguments</legend>
      {fields.map(field => (
        <ArgField key={field.name} field={field} args={args} error={error} onChange={onChange} />
      ))}
      <JsonArgs args={args} error={error} onChange={onChange} />
    </fieldset>
  )
}

function ArgField({ field, args, error, onChange }: Omit<ArgsProps, 'schema'> & { field: FormField }) {
  const { name, kind, required, hint, choices } = field
  const value = args[name]
  const set = (value: unknown) => {
    const { [name]: _, ...others } = args
    onChange(value === undefined ? others : { ...others, [name]: value })
  }
  const wrong = fieldError(error, `args.${name}`)
  const label = required ? name : `${name} (optional)`
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {attributes => {
        if (kind === 'choice' || kind === 'flag') {
          const known = kind === 'flag' ? ['true', 'false'] : choices
          return (
            <select
              {...attributes}
              value={value === undefined ? '' : String(value)}
              onChange={event => {
                const chosen = event.currentTarget.value
                set(chosen === '' ? undefined : kind === 'flag' ? chosen === 'true' : chosen)
              }}
            >
              <option value="">{required ? 'Choose …' : 'Not given'}</option>
              {known.map(choice => (
                <option key={choice} value={choice}>
                  {choice}
                </option>
              ))}
            </select>
          )
        }
        return (
          <input
            {...attributes}
            inputMode={kind === 'number' ? 'decimal' : 'text'}
            value={value === undefined ? '' : String(value)}
            onInput={event => set(valueOfText(event.currentTarget.value, kind))}
          />
        )
      }}
    </Field>
  )
}

/** What is no number is sent as it is: the API says what is wrong with it. */
function valueOfText(text: string, kind: FormField['kind']) {
  if (text === '') return undefined
  return kind === 'number' && text.trim() !== '' && !Number.isNaN(Number(text)) ? Number(text) : text
}

function JsonArgs({ args, error, onChange }: Omit<ArgsProps, 'schema'>) {
  const [text, setText] = useState(() => JSON.stringify(args, undefined, 2))
  const [broken, setBroken] = useState<string | undefined>()
  // What was typed here stays as it was typed.
  const typed = useRef(args)
  useEffect(() => {
    if (typed.current === args) return
    typed.current = args
    setText(JSON.stringify(args, undefined, 2))
    setBroken(undefined)
  }, [args])
  const refused = error?.errors.find(({ field }) => field === 'args')
  const wrong = broken ?? (refused && `${refused.field} ${refused.message}`)
  return (
    <Field label="Args" hint="A JSON object" wrong={wrong}>
      {attributes => (
        <textarea
          {...attributes}
          spellcheck={false}
          value={text}
          onInput={event => {
            setText(event.currentTarget.value)
            try {
              const value = JSON.parse(event.currentTarget.value || '{}')
              if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error('is no object')
              setBroken(undefined)
              typed.current = value
              onChange(value)
            } catch (error) {
              setBroken(`This is no JSON object: ${(error as Error).message}`)
              onChange(undefined)
            }
          }}
        />
      )}
    </Field>
  )
}
