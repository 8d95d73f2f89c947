import { useState } from 'preact/hooks'
import { act } from '../../state/acts/act.ts'
import { confirm } from '../../state/acts/confirm.ts'
import { useQuery } from '../../state/service/query.ts'
import type { SigningKey } from '../../state/service/shapes.ts'
import { Button } from '../../ui/button.tsx'
import { Field } from '../../ui/forms/field.tsx'
import { Dialog } from '../../ui/overlays/dialog.tsx'
import { ShownOnce } from '../../ui/overlays/shown-once.tsx'
import { Word } from '../../ui/status.tsx'
import { Ago } from '../../ui/time.tsx'

const path = '/api/signing-keys'

/** Keys with which an app makes links to films by itself. */
export function SigningKeys() {
  const found = useQuery<{ items: SigningKey[] }>(path, 10)
  const [makes, setMakes] = useState(false)
  const keys = found.data.value?.items
  // What was refused stands above already: both lists need the same scope.
  if (!keys) return null
  return (
    <section class="section" aria-label="Signing keys">
      <div class="section-head">
        <h2>Signing keys</h2>
        <Button icon="plus" needs="addSigningKey" onClick={() => setMakes(true)}>
          New signing key
        </Button>
      </div>
      <p class="soft">With one of them an app signs links to films by itself, without asking the API for each.</p>
      <ul class="entries" aria-label="Signing keys">
        {keys.map(key => (
          <Row key={key.kid} item={key} />
        ))}
      </ul>
      {makes && <Make close={() => setMakes(false)} />}
    </section>
  )
}

function Row({ item: { kid, name, created_at, retired_at } }: { item: SigningKey }) {
  return (
    <li class="entry">
      <div class="entry-name">
        <b class="breaks">{name}</b>
        <span class="soft mono">dr_g_{kid}_…</span>
      </div>
      <div class="entry-state">
        <Word word={retired_at ? 'retired' : 'active'} />
        {retired_at && (
          <span class="soft">
            <Ago time={retired_at} />
          </span>
        )}
      </div>
      <span class="soft">
        made <Ago time={created_at} />
      </span>
      <div class="buttons">
        {!retired_at && (
          <Button icon="cancel" needs="retireSigningKey" onClick={() => retire(kid, name)}>
            Retire<span class="only-heard"> {name}</span>
          </Button>
        )}
      </div>
    </li>
  )
}

function retire(kid: string, name: string) {
  confirm({
    title: `Retire ${name}?`,
    text: 'No link that it has signed is valid any more. This cannot be undone.',
    yes: 'Retire key',
    needs: 'retireSigningKey',
    danger: true,
    grave: true,
    act: () => act('The signing key is retired', 'DELETE', `${path}/${kid}`)
  })
}

function Make({ close }: { close(): void }) {
  const [name, setName] = useState('')
  const [made, setMade] = useState<string>()
  async function make() {
    const answer = await act<{ key: string }>('The signing key is made', 'POST', path, { body: { name } })
    if (answer) setMade(answer.key)
  }
  if (made !== undefined) {
    return (
      <ShownOnce title="The signing key is made" label="Signing key" secret={made} onClose={close}>
        <p class="soft">The app that has it can make links to all films.</p>
      </ShownOnce>
    )
  }
  return (
    <Dialog title="New signing key" onClose={close}>
      <form
        onSubmit={event => {
          event.preventDefault()
          if (name !== '') void make()
        }}
      >
        <Field label="Name" hint="Of the app">
          {attributes => <input {...attributes} value={name} onInput={event => setName(event.currentTarget.value)} />}
        </Field>
        <div class="buttons end">
          <Button onClick={close}>Back</Button>
          <Button look="main" needs="addSigningKey" disabled={name === ''} onClick={make}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
